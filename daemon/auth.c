#include "daemon/auth.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/session.h"
#include "lib/log.h"
#include "lib/mem.h"

struct auth_wrong {
    struct auth_wrong *next;
    struct auth *auth;
    uint64_t number;
    qb_loop_timer_handle timer;
};

enum auth_found { AUTH_NONE, AUTH_RIGHT, AUTH_WRONG };

static void answer(struct auth *auth, uint64_t number, const char *text)
{
    server_reply(auth->server, number, text, strlen(text));
}

/* ---- a wrong one ---- */

static void wrong_remove(struct auth_wrong *wrong)
{
    struct auth_wrong **at = &wrong->auth->wrong;

    while (*at != wrong)
        at = &(*at)->next;
    *at = wrong->next;
    free(wrong);
}

static void on_delay(void *context)
{
    struct auth_wrong *wrong = context;
    struct auth *auth = wrong->auth;

    answer(auth, wrong->number,
           "-WRONGPASS invalid username-password pair or user is disabled."
           "\r\n");
    wrong_remove(wrong);
    server_flush(auth->server);
}

static void delay(struct auth *auth, uint64_t number)
{
    struct auth_wrong *wrong = mem_calloc(1, sizeof(*wrong));

    log_warn("a client by TCP gave a wrong password");
    wrong->auth = auth;
    wrong->number = number;
    wrong->next = auth->wrong;
    auth->wrong = wrong;
    if (qb_loop_timer_add(auth->loop, QB_LOOP_MED, AUTH_DELAY_MS * 1000000ull,
                          wrong, on_delay, &wrong->timer) != 0)
        abort(); /* out of memory, as lib/mem.h */
}

/* ---- commands ---- */

/* The user and the password at argv[at], argv[at + 1]. */
static enum auth_found judge(const struct auth *auth,
                             const struct core_arg *argv, size_t argc,
                             size_t at)
{
    bool right = secret_is(&auth->secret, argv[at + 1].data, argv[at + 1].len);

    return right && session_word(argv, argc, at, "default") ? AUTH_RIGHT
                                                            : AUTH_WRONG;
}

/* HELLO version [AUTH user password] [SETNAME name]. */
static enum auth_found judge_hello(const struct auth *auth,
                                   const struct core_arg *argv, size_t argc)
{
    for (size_t at = 2; at < argc;) {
        if (session_word(argv, argc, at, "AUTH") && at + 2 < argc)
            return judge(auth, argv, argc, at + 1);
        at += session_word(argv, argc, at, "SETNAME") ? 2 : 1;
    }
    return AUTH_NONE;
}

static void take_auth(struct auth *auth, uint64_t number,
                      const struct core_arg *argv, size_t argc)
{
    enum auth_found found = AUTH_WRONG;

    if (argc < 2 || argc > 3) {
        answer(auth, number,
               argc < 2 ? "-ERR wrong number of arguments for 'auth' command"
                          "\r\n"
                        : "-ERR syntax error\r\n");
        return;
    }
    if (argc == 3)
        found = judge(auth, argv, argc, 1);
    else if (secret_is(&auth->secret, argv[1].data, argv[1].len))
        found = AUTH_RIGHT;
    if (found == AUTH_WRONG) {
        delay(auth, number);
        return;
    }
    server_trust(auth->server, number);
    answer(auth, number, "+OK\r\n");
}

/* Whether it goes on to what answers HELLO. */
static bool take_hello(struct auth *auth, uint64_t number,
                       enum server_access access, const struct core_arg *argv,
                       size_t argc)
{
    switch (judge_hello(auth, argv, argc)) {
    case AUTH_RIGHT:
        server_trust(auth->server, number);
        return false;
    case AUTH_WRONG:
        delay(auth, number);
        return true;
    case AUTH_NONE:
        break;
    }
    if (access == SERVER_KNOWN)
        return false;
    answer(auth, number,
           "-NOAUTH HELLO must be called with the client already authenticated,"
           " otherwise the HELLO <proto> AUTH <user> <pass> option can be used "
           "to authenticate the client and select the RESP protocol version at "
           "the same time\r\n");
    return true;
}

bool auth_takes(struct auth *auth, uint64_t number, enum server_access access,
                const struct core_arg *argv, size_t argc)
{
    if (access != SERVER_STRANGER && access != SERVER_KNOWN)
        return false;
    if (session_word(argv, argc, 0, "AUTH")) {
        take_auth(auth, number, argv, argc);
        return true;
    }
    if (session_word(argv, argc, 0, "HELLO"))
        return take_hello(auth, number, access, argv, argc);
    if (access == SERVER_KNOWN)
        return false;
    answer(auth, number, "-NOAUTH Authentication required.\r\n");
    return true;
}

/* ---- life ---- */

int auth_open(struct auth *auth, qb_loop_t *loop, struct server *server, int fd,
              char *error, size_t error_size)
{
    *auth = (struct auth){.loop = loop, .server = server};
    return secret_read(fd, &auth->secret, error, error_size);
}

void auth_close(struct auth *auth)
{
    while (auth->wrong != NULL) {
        qb_loop_timer_del(auth->loop, auth->wrong->timer);
        wrong_remove(auth->wrong);
    }
    secret_wipe(&auth->secret);
}
