#include "tests/unit/calls.h"
#include "tests/unit/unit.h"

static void fields_are_set_and_got(void **state)
{
    (void)state;
    PLAY({"HGET h f", NIL}, {"HSET h f 1", ":1\r\n"},
         {"HGET h f", "$1\r\n1\r\n"}, {"HSET h f 2 g 3", ":1\r\n"},
         {"HSET h f 4 f 5", ":0\r\n"}, {"HGET h f", "$1\r\n5\r\n"},
         {"HGET h none", NIL}, {"HSET h \"\" \"\"", ":1\r\n"},
         {"HGET h \"\"", "$0\r\n\r\n"}, {"HLEN h", ":3\r\n"},
         {"HLEN none", ":0\r\n"}, {"HEXISTS h g", ":1\r\n"},
         {"HEXISTS h G", ":0\r\n"}, {"HEXISTS none g", ":0\r\n"},
         {"HMGET h g none f", "*3\r\n$1\r\n3\r\n$-1\r\n$1\r\n5\r\n"},
         {"HMGET none a b", "*2\r\n$-1\r\n$-1\r\n"},
         {"HSET h f 1 g", ARITY("hset")}, {"HSET h f", ARITY("hset")},
         {"HGET h f", "$1\r\n5\r\n"});
}

static void fields_keep_their_order(void **state)
{
    (void)state;
    PLAY({"HGETALL h", EMPTY}, {"HKEYS h", EMPTY}, {"HVALS h", EMPTY},
         {"HSET h z 1 a 2 m 3", ":3\r\n"},
         {"HKEYS h", "*3\r\n$1\r\nz\r\n$1\r\na\r\n$1\r\nm\r\n"},
         {"HSET h z 4", ":0\r\n"},
         {"HVALS h", "*3\r\n$1\r\n4\r\n$1\r\n2\r\n$1\r\n3\r\n"},
         {"HDEL h z", ":1\r\n"}, {"HSET h z 5", ":1\r\n"},
         {"HGETALL h", "*6\r\n$1\r\na\r\n$1\r\n2\r\n$1\r\nm\r\n$1\r\n3\r\n"
                       "$1\r\nz\r\n$1\r\n5\r\n"});
}

static void hdel_of_the_last_deletes_the_key(void **state)
{
    (void)state;
    PLAY({"HDEL h a", ":0\r\n"}, {"HSET h a 1 b 2 c 3", ":3\r\n"},
         {"EXPIRE h 10", ":1\r\n"}, {"HDEL h b none b", ":1\r\n"},
         {"TTL h", ":10\r\n"}, {"HDEL h a c a", ":2\r\n"},
         {"EXISTS h", ":0\r\n"}, {"TYPE h", "+none\r\n"},
         {"HSET h a 1", ":1\r\n"}, {"TTL h", ":-1\r\n"});
}

static void hincrby_counts(void **state)
{
    (void)state;
    PLAY({"HINCRBY h n 5", ":5\r\n"}, {"HINCRBY h n -7", ":-2\r\n"},
         {"HGET h n", "$2\r\n-2\r\n"},
         {"HINCRBY h n -9223372036854775807", OVERFLOW},
         {"HINCRBY h n 9223372036854775807", ":9223372036854775805\r\n"},
         {"HINCRBY h n 3", OVERFLOW}, {"HINCRBY h n x", NOT_INTEGER},
         {"HINCRBY none n 1.5", NOT_INTEGER}, {"EXISTS none", ":0\r\n"},
         {"HSET h t text", ":1\r\n"},
         {"HINCRBY h t 1", "-ERR hash value is not an integer\r\n"},
         {"HSET h t \"\"", ":0\r\n"},
         {"HINCRBY h t 1", "-ERR hash value is not an integer\r\n"},
         {"HINCRBY h m -9223372036854775808", ":-9223372036854775808\r\n"},
         {"HLEN h", ":3\r\n"});
}

static void strings_are_no_hashes(void **state)
{
    (void)state;
    PLAY({"SET s v", OK}, {"HSET s f v", WRONG_TYPE}, {"HGET s f", WRONG_TYPE},
         {"HMGET s f", WRONG_TYPE}, {"HGETALL s", WRONG_TYPE},
         {"HKEYS s", WRONG_TYPE}, {"HVALS s", WRONG_TYPE},
         {"HDEL s f", WRONG_TYPE}, {"HLEN s", WRONG_TYPE},
         {"HEXISTS s f", WRONG_TYPE}, {"HINCRBY s f 1", WRONG_TYPE},
         {"HINCRBY s f x", NOT_INTEGER}, {"HSET s f v g", ARITY("hset")},
         {"GET s", "$1\r\nv\r\n"});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_set_and_got),
        cmocka_unit_test(fields_keep_their_order),
        cmocka_unit_test(hdel_of_the_last_deletes_the_key),
        cmocka_unit_test(hincrby_counts),
        cmocka_unit_test(strings_are_no_hashes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
