#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ctl.h"
#include "lib/ocf.h"
#include "lib/result.h"
#include "tests/unit/unit.h"

/* A peer that takes one command and answers with fixed bytes. */
struct peer {
    char dir[64];
    char path[96];
    int fd;
    pid_t pid;
};

static int peer_begins(void **state)
{
    struct peer *peer = calloc(1, sizeof *peer);
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    assert_non_null(peer);
    snprintf(peer->dir, sizeof peer->dir, "/tmp/hotwarm-ctl-XXXXXX");
    assert_non_null(mkdtemp(peer->dir));
    snprintf(peer->path, sizeof peer->path, "%s/ctl", peer->dir);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", peer->path);
    peer->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(
        bind(peer->fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(peer->fd, 0), 0);
    *state = peer;
    return 0;
}

static int peer_ends(void **state)
{
    struct peer *peer = *state;

    if (peer->pid > 0) {
        kill(peer->pid, SIGKILL);
        waitpid(peer->pid, NULL, 0);
    }
    close(peer->fd);
    unlink(peer->path);
    rmdir(peer->dir);
    free(peer);
    return 0;
}

/* Each connection: `commands` commands read, each answered; then it waits, or
 * closes. */
static void peer_answers(struct peer *peer, const char *bytes, size_t len,
                         bool closes)
{
    peer->pid = fork();
    assert_true(peer->pid >= 0);
    if (peer->pid != 0)
        return;
    for (;;) {
        char command[4096];
        int fd = accept(peer->fd, NULL, NULL);
        while (recv(fd, command, sizeof command, 0) > 0) {
            if (send(fd, bytes, len, MSG_NOSIGNAL) < 0 || closes)
                break;
        }
        close(fd);
    }
}

static int ask(const struct peer *peer, unsigned ms, struct redisReply **reply)
{
    static const char *const words[] = {"HOTWARM", "STATUS"};

    return ctl_ask(peer->path, ocf_now_ms() + ms, 2, words, reply);
}

static void nobody_listens(void **state)
{
    struct peer *peer = *state;
    struct redisReply *reply;

    close(peer->fd);
    assert_int_equal(ask(peer, 1000, &reply), ECONNREFUSED);
    assert_null(reply);
    unlink(peer->path);
    assert_int_equal(ask(peer, 1000, &reply), ENOENT);
    memset(peer->path, 'x', sizeof peer->path - 1);
    struct ctl *ctl;
    char path[300];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(ctl_open(&ctl, path, 0), ENAMETOOLONG);
    assert_null(ctl);
    snprintf(peer->path, sizeof peer->path, "%s/ctl", peer->dir);
}

static void replies_are_read(void **state)
{
    struct peer *peer = *state;
    struct redisReply *reply;
    struct ctl *ctl;
    const char *const words[] = {"GET", "a\r\nb"};

    peer_answers(peer, "$3\r\nabc\r\n", 9, false);
    assert_int_equal(ctl_open(&ctl, peer->path, ocf_now_ms() + 5000), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            ctl_command(ctl, ocf_now_ms() + 5000, 2, words, &reply), 0);
        assert_int_equal(reply->type, REDIS_REPLY_STRING);
        assert_string_equal(reply->str, "abc");
        freeReplyObject(reply);
    }
    ctl_close(ctl);
    ctl_close(NULL);
}

static void errors_are_replies(void **state)
{
    struct peer *peer = *state;
    struct redisReply *reply;

    peer_answers(peer, "-ERR no\r\n", 9, false);
    assert_int_equal(ask(peer, 5000, &reply), 0);
    assert_int_equal(reply->type, REDIS_REPLY_ERROR);
    assert_string_equal(reply->str, "ERR no");
    freeReplyObject(reply);
}

static void a_closed_connection_is_told(void **state)
{
    struct peer *peer = *state;
    struct redisReply *reply;

    peer_answers(peer, "$10\r\nabc", 8, true);
    assert_int_equal(ask(peer, 5000, &reply), ECONNRESET);
    assert_null(reply);
}

static void garbage_is_refused(void **state)
{
    struct peer *peer = *state;
    struct redisReply *reply;

    peer_answers(peer, "hello\r\n", 7, false);
    assert_int_equal(ask(peer, 5000, &reply), RESULT_MALFORMED);
    assert_null(reply);
}

/* A mute peer, then one that does not accept: its queue of one is full. */
static void the_deadline_holds(void **state)
{
    struct peer *peer = *state;
    struct redisReply *reply;
    struct ctl *first, *second;
    uint64_t began = ocf_now_ms();

    assert_int_equal(ask(peer, 100, &reply), ETIMEDOUT);
    assert_null(reply);
    assert_true(ocf_now_ms() - began >= 100 && ocf_now_ms() - began < 1000);
    assert_int_equal(ctl_open(&first, peer->path, ocf_now_ms() + 100),
                     ETIMEDOUT);
    close(accept(peer->fd, NULL, NULL));
    assert_int_equal(ctl_open(&first, peer->path, ocf_now_ms() + 100), 0);
    began = ocf_now_ms();
    assert_int_equal(ctl_open(&second, peer->path, began + 100), ETIMEDOUT);
    assert_true(ocf_now_ms() - began >= 100 && ocf_now_ms() - began < 1000);
    ctl_close(first);
}

/* A deadline that is over is no wait, but what is there is taken. */
static void a_past_deadline_is_no_wait(void **state)
{
    struct peer *peer = *state;
    struct redisReply *reply;
    uint64_t began = ocf_now_ms();

    assert_int_equal(ask(peer, 0, &reply), ETIMEDOUT);
    assert_true(ocf_now_ms() - began < 500);
}

static void a_reply_has_a_limit(void **state)
{
    struct peer *peer = *state;
    struct redisReply *reply;
    size_t size = 3 * CTL_REPLY_MAX;
    char *bytes = malloc(size);

    assert_non_null(bytes);
    memset(bytes, 'x', size);
    memcpy(bytes, "$9000000\r\n", 10);
    peer_answers(peer, bytes, size, false);
    assert_int_equal(ask(peer, 5000, &reply), RESULT_TOO_LARGE);
    free(bytes);
}

/* --- status --- */

static void status_is_read(void **state)
{
    static const char text[] = "role:leader\r\nwhy:\r\nleader:a:b\r\n\r\nx:1";
    struct ctl_status status;

    (void)state;
    assert_int_equal(ctl_status_parse(&status, text, sizeof text - 1), 0);
    assert_int_equal(status.count, 4);
    assert_string_equal(ctl_status_get(&status, "role"), "leader");
    assert_string_equal(ctl_status_get(&status, "why"), "");
    assert_string_equal(ctl_status_get(&status, "leader"), "a:b");
    assert_string_equal(ctl_status_get(&status, "x"), "1");
    assert_null(ctl_status_get(&status, "rol"));
    assert_null(ctl_status_get(&status, "roles"));
    ctl_status_free(&status);
    assert_null(ctl_status_get(&status, "role"));
}

static void bad_status_is_refused(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } bad[] = {
        {"", 0},
        {"\r\n", 2},
        {"role", 4},
        {":x\r\n", 4},
        {"a:1\r\na:2\r\n", 10},
        {"a:\0b\r\n", 6},
        {"a:1\r\nb", 6},
    };
    struct ctl_status status;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(ctl_status_parse(&status, bad[i].text, bad[i].len),
                         RESULT_MALFORMED);
        assert_null(status.text);
    }
}

static void a_status_has_a_limit(void **state)
{
    char text[CTL_STATUS_MAX * 16 + 16] = "";
    struct ctl_status status;

    (void)state;
    for (int i = 0; i < CTL_STATUS_MAX; i++)
        sprintf(text + strlen(text), "k%d:v\r\n", i);
    assert_int_equal(ctl_status_parse(&status, text, strlen(text)), 0);
    ctl_status_free(&status);
    strcat(text, "more:v\r\n");
    assert_int_equal(ctl_status_parse(&status, text, strlen(text)),
                     RESULT_TOO_LARGE);
}

#define WITH_PEER(test)                                                        \
    cmocka_unit_test_setup_teardown(test, peer_begins, peer_ends)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PEER(nobody_listens),
        WITH_PEER(replies_are_read),
        WITH_PEER(errors_are_replies),
        WITH_PEER(a_closed_connection_is_told),
        WITH_PEER(garbage_is_refused),
        WITH_PEER(the_deadline_holds),
        WITH_PEER(a_past_deadline_is_no_wait),
        WITH_PEER(a_reply_has_a_limit),
        cmocka_unit_test(status_is_read),
        cmocka_unit_test(bad_status_is_refused),
        cmocka_unit_test(a_status_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
