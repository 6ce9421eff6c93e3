#include <errno.h>
#include <poll.h>
#include <sys/wait.h>

#include "daemon/shell/aside.h"
#include "daemon/shell/store.h"
#include "lib/result.h"
#include "tests/unit/faulty.h"
#include "tests/unit/history.h"
#include "tests/unit/place.h"

/* A new state in the place of an old one, with a crash, or a failure, at every
 * call that changes files: whoever opens the directory then finds one of the two,
 * whole. */

enum { WAIT_MS = 20000, SNAPSHOT_AT = 5, LAST = 8 };

static const char OLD_PROMISE[] = "the old promise", NEW_PROMISE[] = "the new",
                  OLD_SNAPSHOT[] = "the old snapshot .......",
                  NEW_SNAPSHOT[] = "the new snapshot ...............";

static struct store *open_at(const char *path, struct core_boot *boot)
{
    struct store *store = NULL;
    char error[256] = "";

    int rc = store_open(&store, path, boot, error, sizeof error);
    if (rc != 0)
        print_message("%s\n", error);
    assert_int_equal(rc, 0);
    return store;
}

static void do_one(struct store *store, enum effect_kind kind, uint64_t op,
                   uint64_t seq, const void *data, size_t len)
{
    struct effect effect = {
        .kind = kind, .op = op, .seq = seq, .hash = seq, .data_len = len};

    store_do(store, &effect, data);
}

static void do_append(struct store *store, uint64_t op, uint64_t seq)
{
    struct entry entry = {.epoch = 1, .seq = seq, .kind = ENTRY_NOOP};
    struct buf bytes = {0};

    entry_encode(&bytes, &entry);
    do_one(store, EFFECT_APPEND, op, seq, bytes.data, bytes.len);
    buf_free(&bytes);
}

static void wait_for(struct store *store, uint64_t op)
{
    struct pollfd stored = {.fd = store_fd(store), .events = POLLIN};
    char error[256];
    uint64_t done = 0;
    bool full = false;

    store_wake(store);
    while (done < op) {
        assert_int_equal(poll(&stored, 1, WAIT_MS), 1);
        assert_int_equal(store_done(store, &done, &full, error, sizeof error),
                         0);
    }
}

/* A P file, a snapshot, and entries behind it. */
static struct place make_old(void)
{
    struct place place = place_make();
    struct core_boot boot;
    struct store *store = open_at(place.path, &boot);
    uint64_t op = 2;

    assert_int_equal(store_start(store), 0);
    do_one(store, EFFECT_PROMISE, 1, 0, OLD_PROMISE, sizeof OLD_PROMISE);
    do_one(store, EFFECT_INSTALL, 2, SNAPSHOT_AT, OLD_SNAPSHOT,
           sizeof OLD_SNAPSHOT);
    for (uint64_t seq = SNAPSHOT_AT + 1; seq <= LAST; seq++)
        do_append(store, ++op, seq);
    wait_for(store, op);
    store_close(store);
    return place;
}

static bool is(const uint8_t *bytes, size_t len, const char *text, size_t size)
{
    return bytes != NULL && len == size && memcmp(bytes, text, size) == 0;
}

static bool is_old(const struct core_boot *boot)
{
    return is(boot->promise, boot->promise_len, OLD_PROMISE,
              sizeof OLD_PROMISE) &&
           is(boot->snapshot, boot->snapshot_len, OLD_SNAPSHOT,
              sizeof OLD_SNAPSHOT) &&
           boot->record_count == LAST - SNAPSHOT_AT && boot->flushed <= LAST;
}

static bool is_new(const struct core_boot *boot)
{
    return is(boot->promise, boot->promise_len, NEW_PROMISE,
              sizeof NEW_PROMISE) &&
           is(boot->snapshot, boot->snapshot_len, NEW_SNAPSHOT,
              sizeof NEW_SNAPSHOT) &&
           boot->record_count == 0 && boot->flushed == 0;
}

/* What it says when it fails. */
static char said[256];

static int renew(struct store *store)
{
    struct buf promise = {0}, snapshot = {0};

    buf_bytes(&promise, NEW_PROMISE, sizeof NEW_PROMISE);
    buf_bytes(&snapshot, NEW_SNAPSHOT, sizeof NEW_SNAPSHOT);
    int rc = store_renew(store, &promise, &snapshot, said, sizeof said);
    buf_free(&promise);
    buf_free(&snapshot);
    return rc;
}

/* The old state, moved aside, can be opened: nothing of it is missing. */
static void old_is_aside(const struct place *place)
{
    char name[ASIDE_NAME], path[PLACE_PATH + ASIDE_NAME + 1];
    struct core_boot boot;

    assert_int_equal(aside_newest(place->dir, name), 0);
    snprintf(path, sizeof path, "%s/%s", place->path, name);
    struct store *store = open_at(path, &boot);
    assert_true(is_old(&boot));
    store_close(store);
}

/* The new state takes entries, and they come back with it. */
static void goes_on(const struct place *place)
{
    struct core_boot boot;
    struct store *store = open_at(place->path, &boot);

    assert_int_equal(store_start(store), 0);
    do_append(store, 1, LAST + 2);
    wait_for(store, 1);
    store_close(store);
    store = open_at(place->path, &boot);
    assert_int_equal(boot.record_count, 1);
    store_close(store);
}

/* Which of the two it is: true, the new one. Nothing else is left. */
static bool check(const struct place *place)
{
    struct core_boot boot;
    struct store *store = open_at(place->path, &boot);
    bool renewed = is_new(&boot);

    assert_true(renewed || is_old(&boot));
    store_close(store);
    assert_false(place_has(place, "next"));
    assert_false(place_has(place, "next.new"));
    if (renewed)
        old_is_aside(place);
    return renewed;
}

/* In a process that may end at call `at`. True if it did. */
static bool dies(const struct place *place, int (*act)(const char *path),
                 uint64_t at, bool half)
{
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        faulty_arm(FAULTY_ANY, at, half, 0);
        _exit(act(place->path) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    faulty_disarm();
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == 0 ||
                WEXITSTATUS(status) == FAULTY_STATUS);
    return WEXITSTATUS(status) == FAULTY_STATUS;
}

static int act_renew(const char *path)
{
    struct core_boot boot;
    char error[256];
    struct store *store;

    int rc = store_open(&store, path, &boot, error, sizeof error);
    return rc == 0 ? renew(store) : rc;
}

static int act_open(const char *path)
{
    struct core_boot boot;
    char error[256];
    struct store *store;

    return store_open(&store, path, &boot, error, sizeof error);
}

static void it_is_replaced(void **state)
{
    struct place place = make_old();
    struct core_boot boot;
    struct store *store = open_at(place.path, &boot);

    (void)state;
    assert_true(is_old(&boot));
    assert_int_equal(renew(store), 0);
    store_close(store);
    assert_true(check(&place));
    goes_on(&place);
    place_remove(&place);
}

/* One call is the switch: old before it, new from it on. And the opening that
 * finishes it may itself die at every call. */
static void a_crash_at_any_call_leaves_one_of_two(void **state)
{
    struct place old = make_old();
    unsigned switches = 0, crashes = 0;
    bool was_new = false, died = true;

    (void)state;
    for (uint64_t at = 1; died; at++) {
        bool again = true;
        bool renewed = false;
        for (uint64_t then = 0; again; then++) {
            struct place place = place_copy(&old);
            died = dies(&place, act_renew, at, at % 2 == 0);
            again = then == 0 || dies(&place, act_open, then, then % 2 == 0);
            bool now = check(&place);
            if (then > 0)
                assert_int_equal(now, renewed);
            renewed = now;
            crashes++;
            place_remove(&place);
        }
        if (renewed != was_new) {
            assert_true(renewed);
            switches++;
        }
        was_new = renewed;
    }
    assert_true(was_new);
    assert_int_equal(switches, 1);
    assert_true(crashes > 100);
    place_remove(&old);
}

/* A failure, once or for ever, is told, and leaves the same. */
static void a_failure_at_any_call_leaves_one_of_two(void **state)
{
    static const int codes[] = {EIO, ENOSPC};
    struct place old = make_old();

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        unsigned failed = 0;
        for (uint64_t at = 1, came = 1; came != 0; at++) {
            struct place place = place_copy(&old);
            struct core_boot boot;
            struct store *store = open_at(place.path, &boot);
            faulty_arm(FAULTY_ANY, at, false, codes[i % 2]);
            faulty_shared()->times = i < 2 ? 0 : UINT64_MAX;
            int rc = renew(store);
            came = faulty_shared()->came;
            faulty_disarm();
            store_close(store);
            bool renewed = check(&place);
            assert_true(rc != 0 || renewed);
            if (rc != 0)
                assert_true((strstr(said, "the next start finishes it") !=
                             NULL) == renewed);
            assert_true(came || rc == 0);
            failed += rc != 0;
            place_remove(&place);
        }
        assert_true(failed > 15);
    }
    place_remove(&old);
}

/* What somebody else put there under these names is not followed. */
static void links_are_not_followed(void **state)
{
    struct place old = make_old(), other = place_make();
    struct core_boot boot;
    char error[256];

    (void)state;
    place_write(&other, "promise", "kept", 4);
    assert_int_equal(symlinkat(other.path, old.dir, "next"), 0);
    struct store *store = NULL;
    assert_int_not_equal(
        store_open(&store, old.path, &boot, error, sizeof error), 0);
    assert_non_null(strstr(error, "next"));
    assert_true(place_has(&other, "promise"));
    place_remove(&old);
    place_remove(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_replaced),
        cmocka_unit_test(a_crash_at_any_call_leaves_one_of_two),
        cmocka_unit_test(a_failure_at_any_call_leaves_one_of_two),
        cmocka_unit_test(links_are_not_followed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
