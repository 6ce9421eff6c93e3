/* command_call: what the commands ask of their call.
 *
 * WHAT
 *   An argument is named by its place in argv. Functions that can fail reply
 *   the error themselves; the command then only returns.
 */
#ifndef HOTWARM_CORE_COMMAND_CALL_H
#define HOTWARM_CORE_COMMAND_CALL_H

#include "daemon/core/command.h"

/* Is the argument this word of ASCII letters, in any case? */
bool call_word(const struct command_call *call, size_t arg, const char *word);

/* The argument's value, or Redis' "not an integer" and false. */
bool call_integer(struct command_call *call, size_t arg, int64_t *value);

/* The key that the argument names, or NULL. */
struct key *call_key(const struct command_call *call, size_t arg);

/* The same for a key that must be of that type if it is there; else WRONGTYPE
 * and false. */
bool call_key_of(struct command_call *call, size_t arg, enum key_type type,
                 struct key **key);

/* "wrong number of arguments" and "invalid expire time" of this command. */
void call_wrong_arity(struct command_call *call);
void call_bad_expiry(struct command_call *call);

/* The reply is too long: an error has taken its place. `call->reply` began
 * empty. */
bool call_too_long(struct command_call *call);

/* A string's value, nil for NULL. */
void call_reply_value(struct command_call *call, const struct key *key);

#endif
