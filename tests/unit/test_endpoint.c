#include "lib/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static void addresses_of_both_families(void **state)
{
    struct endpoint endpoint;
    struct sockaddr_in *v4 = (struct sockaddr_in *)&endpoint.address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&endpoint.address;

    (void)state;
    assert_true(endpoint_parse("10.0.0.1:6379", &endpoint));
    assert_int_equal(v4->sin_family, AF_INET);
    assert_int_equal(ntohl(v4->sin_addr.s_addr), 0x0a000001);
    assert_int_equal(ntohs(v4->sin_port), 6379);
    assert_int_equal(endpoint.len, sizeof *v4);
    assert_true(endpoint_parse("0.0.0.0:1", &endpoint));
    assert_true(endpoint_parse("[fd00::7]:65535", &endpoint));
    assert_int_equal(v6->sin6_family, AF_INET6);
    assert_int_equal(v6->sin6_addr.s6_addr[15], 7);
    assert_int_equal(ntohs(v6->sin6_port), 65535);
    assert_int_equal(endpoint.len, sizeof *v6);
    assert_true(endpoint_parse("[::]:6379", &endpoint));
}

static void all_else_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "6379",
        ":6379",
        "10.0.0.1",
        "10.0.0.1:",
        "10.0.0.1:0",
        "10.0.0.1:-1",
        "10.0.0.1:+1",
        "1.2.3.4: 1",
        "10.0.0.1:65536",
        "10.0.0.1:1x",
        "10.0.0:1",
        "10.0.0.1 :1",
        "node1:6379",
        "localhost:1",
        "fd00::7:6379",
        "[fd00::7]",
        "[fd00::7]:",
        "[fd00::7:1",
        "[]:1",
        "[:1",
        "[10.0.0.1]:1",
        "[fe80::1%lo]:1",
        "10.0.0.1:18446744073709551617",
        "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:1",
    };
    struct endpoint endpoint;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (endpoint_parse(bad[i], &endpoint))
            fail_msg("taken for one: '%s'", bad[i]);
    }
}

/* On loopback, on a port that the kernel chose. */
static void listens_once(void **state)
{
    struct endpoint endpoint, other;
    struct sockaddr_in *v4 = (struct sockaddr_in *)&endpoint.address;
    socklen_t len = sizeof *v4;
    int fd, second;

    (void)state;
    assert_true(endpoint_parse("127.0.0.1:1", &endpoint));
    v4->sin_port = 0;
    assert_int_equal(endpoint_listen(&endpoint, &fd), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)v4, &len), 0);
    assert_int_equal(endpoint_listen(&endpoint, &second), EADDRINUSE);
    assert_int_equal(second, -1);
    assert_true(endpoint_parse("192.0.2.1:1", &other)); /* nobody's */
    assert_int_equal(endpoint_listen(&other, &second), EADDRNOTAVAIL);
    close(fd);
    assert_int_equal(endpoint_listen(&endpoint, &fd), 0);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_of_both_families),
        cmocka_unit_test(all_else_is_refused),
        cmocka_unit_test(listens_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
