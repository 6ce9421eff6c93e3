#include "lib/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>

#include <qb/qblog.h>

static int32_t qb_target(enum log_target target)
{
    return target == LOG_TO_SYSLOG ? QB_LOG_SYSLOG : QB_LOG_STDERR;
}

/* Sets which priorities the enabled target takes. Only that one: qb_log_fini
 * forgets to free the filters of others. */
static int take_up_to(uint8_t priority)
{
    static const int32_t targets[] = {QB_LOG_SYSLOG, QB_LOG_STDERR};

    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        int32_t status = qb_log_ctl(targets[i], QB_LOG_CONF_STATE_GET, 0);
        if (status != QB_LOG_STATE_ENABLED)
            continue;
        status = qb_log_filter_ctl(targets[i], QB_LOG_FILTER_CLEAR_ALL,
                                   QB_LOG_FILTER_FILE, "*", LOG_TRACE);
        if (status == 0)
            status = qb_log_filter_ctl(targets[i], QB_LOG_FILTER_ADD,
                                       QB_LOG_FILTER_FILE, "*", priority);
        if (status < 0)
            return -status;
    }
    return 0;
}

int log_open(const char *program, enum log_target target)
{
    int32_t wanted = qb_target(target);
    int32_t status;
    int result;

    qb_log_init(program, LOG_DAEMON, LOG_INFO);
    /* qb_log_init enables syslog by itself. */
    status = qb_log_ctl(QB_LOG_SYSLOG, QB_LOG_CONF_ENABLED, QB_FALSE);
    if (status == 0)
        status = qb_log_ctl(wanted, QB_LOG_CONF_ENABLED, QB_TRUE);
    if (status < 0) {
        result = -status;
        goto out;
    }
    if (target == LOG_TO_STDERR)
        qb_log_format_set(wanted, "%N: %p: %b");
    else
        qb_log_format_set(wanted, "%b"); /* syslog adds the rest */
    result = take_up_to(LOG_INFO);
out:
    if (result != 0)
        qb_log_fini();
    return result;
}

void log_close(void)
{
    qb_log_fini();
}

int log_set_debug(bool on)
{
    return take_up_to(on ? LOG_DEBUG : LOG_INFO);
}

/* Where to cut `text` (longer than `limit`) so that no character is split:
 * continuation bytes of UTF-8 are 10xxxxxx. */
static size_t cut_at(const char *text, size_t limit)
{
    size_t at = limit;

    while (at > 0 && limit - at < 4 && ((uint8_t)text[at] & 0xc0) == 0x80)
        at--;
    return ((uint8_t)text[at] & 0xc0) == 0x80 ? limit : at;
}

__attribute__((format(printf, 2, 0))) static void emit(uint8_t priority,
                                                       const char *format,
                                                       va_list args)
{
    /* One byte more than is sent shows whether a character was split. */
    char text[LOG_MESSAGE_MAX + 2];
    int saved = errno;
    int len = vsnprintf(text, sizeof text, format, args);

    if (len > LOG_MESSAGE_MAX)
        text[cut_at(text, LOG_MESSAGE_MAX)] = '\0';
    else if (len < 0)
        snprintf(text, sizeof text, "(message cannot be printed)");
    for (char *at = text; *at != '\0'; at++) {
        if ((uint8_t)*at < 0x20 || *at == 0x7f)
            *at = '?';
    }
    /* Not the qb_log macro: it leaves one call site per use in a section that
     * libqb must find in every linked object; one per priority is enough. */
    qb_log_from_external_source("emit", "log.c", "%s", priority, priority, 0,
                                text);
    errno = saved;
}

void log_err(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    emit(LOG_ERR, format, args);
    va_end(args);
}

void log_warn(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    emit(LOG_WARNING, format, args);
    va_end(args);
}

void log_info(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    emit(LOG_INFO, format, args);
    va_end(args);
}

void log_debug(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    emit(LOG_DEBUG, format, args);
    va_end(args);
}

void log_warn_seldom(struct log_seldom *seldom, const char *format, ...)
{
    struct timespec now;
    va_list args;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if (seldom->said_s != 0 && now.tv_sec - seldom->said_s < LOG_SELDOM_S) {
        seldom->unsaid++;
        return;
    }
    seldom->said_s = now.tv_sec;
    va_start(args, format);
    emit(LOG_WARNING, format, args);
    va_end(args);
    if (seldom->unsaid > 0)
        log_warn("… and %" PRIu64 " more like this before it", seldom->unsaid);
    seldom->unsaid = 0;
}
