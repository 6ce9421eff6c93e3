#include "tests/unit/calls.h"
#include "tests/unit/unit.h"

static void expiry_in_all_units(void **state)
{
    (void)state;
    PLAY({"EXPIRE k 10", ":0\r\n"}, {"SET k v", OK}, {"TTL k", ":-1\r\n"},
         {"PTTL k", ":-1\r\n"}, {"EXPIRE k 10", ":1\r\n"}, {"TTL k", ":10\r\n"},
         {"PTTL k", ":10000\r\n"}, {"PEXPIRE k 10", ":1\r\n"},
         {"PTTL k", ":10\r\n"}, {"EXPIREAT k 1700000001", ":1\r\n"},
         {"PTTL k", ":1000\r\n"}, {"PEXPIREAT k 1700000000001", ":1\r\n"},
         {"PTTL k", ":1\r\n"}, {"TTL none", ":-2\r\n"},
         {"PTTL none", ":-2\r\n"}, {"HSET h f v", ":1\r\n"},
         {"EXPIRE h 3", ":1\r\n"}, {"TTL h", ":3\r\n"});
}

static void ttl_is_rounded(void **state)
{
    (void)state;
    PLAY({"SET k v PX 1499", OK}, {"TTL k", ":1\r\n"}, {"SET k v PX 1500", OK},
         {"TTL k", ":2\r\n"}, {"SET k v PX 499", OK}, {"TTL k", ":0\r\n"},
         {"SET k v PXAT 9223372036854775807", OK},
         {"TTL k", ":9223370336854776\r\n"},
         {"PTTL k", ":9223370336854775807\r\n"});
}

static void persist_removes_it(void **state)
{
    (void)state;
    PLAY({"PERSIST k", ":0\r\n"}, {"SET k v", OK}, {"PERSIST k", ":0\r\n"},
         {"EXPIRE k 10", ":1\r\n"}, {"PERSIST k", ":1\r\n"},
         {"TTL k", ":-1\r\n"}, {"PERSIST k", ":0\r\n"});
}

static void expiry_that_is_over_deletes(void **state)
{
    (void)state;
    PLAY({"SET k v", OK}, {"EXPIRE k 0", ":1\r\n"}, {"EXISTS k", ":0\r\n"},
         {"SET k v", OK}, {"PEXPIRE k -1", ":1\r\n"}, {"EXISTS k", ":0\r\n"},
         {"SET k v", OK}, {"PEXPIREAT k 1700000000000", ":1\r\n"},
         {"EXISTS k", ":0\r\n"}, {"SET k v", OK}, {"EXPIREAT k -5", ":1\r\n"},
         {"EXISTS k", ":0\r\n"}, {"SET k v", OK},
         {"PEXPIREAT k -9223372036854775808", ":1\r\n"},
         {"EXISTS k", ":0\r\n"});
}

static void conditions_are_kept(void **state)
{
    (void)state;
    PLAY({"SET k v", OK}, {"EXPIRE k 10 XX", ":0\r\n"},
         {"EXPIRE k 10 GT", ":0\r\n"}, {"TTL k", ":-1\r\n"},
         {"EXPIRE k 10 LT", ":1\r\n"}, {"EXPIRE k 10 NX", ":0\r\n"},
         {"EXPIRE k 10 GT", ":0\r\n"}, {"EXPIRE k 10 LT", ":0\r\n"},
         {"EXPIRE k 11 lt", ":0\r\n"}, {"TTL k", ":10\r\n"},
         {"EXPIRE k 11 gt", ":1\r\n"}, {"TTL k", ":11\r\n"},
         {"EXPIRE k 5 XX LT", ":1\r\n"}, {"EXPIRE k 3 XX GT", ":0\r\n"},
         {"EXPIRE k 7 XX XX", ":1\r\n"}, {"TTL k", ":7\r\n"},
         {"EXPIRE k -1 GT", ":0\r\n"}, {"EXPIRE k -1 NX", ":0\r\n"},
         {"EXPIRE k -1 LT", ":1\r\n"}, {"EXISTS k", ":0\r\n"}, {"SET k v", OK},
         {"EXPIRE k -1 NX", ":1\r\n"}, {"EXISTS k", ":0\r\n"});
}

#define NX_ALONE                                                               \
    "-ERR NX and XX, GT or LT options at the same time are not compatible\r\n"
#define GT_OR_LT                                                               \
    "-ERR GT and LT options at the same time are not compatible\r\n"

static void conditions_that_conflict(void **state)
{
    (void)state;
    PLAY({"EXPIRE k 10 NX XX", NX_ALONE}, {"EXPIRE k 10 GT NX", NX_ALONE},
         {"EXPIRE k 10 LT NX", NX_ALONE}, {"EXPIRE k x NX GT LT", NX_ALONE},
         {"EXPIRE k 10 GT LT", GT_OR_LT}, {"EXPIRE k 10 LT XX GT", GT_OR_LT},
         {"EXPIRE k 10 BOGUS", "-ERR Unsupported option BOGUS\r\n"},
         {"EXPIRE k x NX XX bogus", "-ERR Unsupported option bogus\r\n"},
         {"EXPIRE k 10 \"\"", "-ERR Unsupported option \r\n"},
         {"EXPIRE k 10 a\rb\nc\r\n", "-ERR Unsupported option a b c\r\n"});
}

static void numbers_are_looked_at_before_the_key(void **state)
{
    (void)state;
    PLAY({"EXPIRE k x", NOT_INTEGER}, {"EXPIRE k 1.5", NOT_INTEGER},
         {"PEXPIREAT k 9223372036854775808", NOT_INTEGER},
         {"EXPIRE k 9223372036854775", BAD_EXPIRE("expire")},
         {"EXPIRE k -9223372036854776", BAD_EXPIRE("expire")},
         {"EXPIRE k -9223372036854775", ":0\r\n"},
         {"EXPIREAT k 9223372036854776", BAD_EXPIRE("expireat")},
         {"EXPIREAT k 9223372036854775", ":0\r\n"},
         {"pexpire k 9223372036854775807", BAD_EXPIRE("pexpire")},
         {"PEXPIRE k -9223372036854775808", ":0\r\n"},
         {"PEXPIREAT k 9223372036854775807", ":0\r\n"}, {"SET k v", OK},
         {"PEXPIREAT k 9223372036854775807", ":1\r\n"},
         {"PTTL k", ":9223370336854775807\r\n"});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expiry_in_all_units),
        cmocka_unit_test(ttl_is_rounded),
        cmocka_unit_test(persist_removes_it),
        cmocka_unit_test(expiry_that_is_over_deletes),
        cmocka_unit_test(conditions_are_kept),
        cmocka_unit_test(conditions_that_conflict),
        cmocka_unit_test(numbers_are_looked_at_before_the_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
