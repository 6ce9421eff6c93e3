#include "daemon/core/integer.h"

#include <string.h>

bool integer_parse(const void *bytes, size_t len, int64_t *value)
{
    const uint8_t *digits = bytes;
    bool negative = len > 0 && digits[0] == '-';
    size_t at = negative ? 1 : 0;
    uint64_t sum = 0;

    if (at == len || (digits[at] == '0' && len > 1))
        return false;
    for (; at < len; at++) {
        if (digits[at] < '0' || digits[at] > '9')
            return false;
        if (__builtin_mul_overflow(sum, 10u, &sum) ||
            __builtin_add_overflow(sum, (uint64_t)(digits[at] - '0'), &sum))
            return false;
    }
    if (sum > (uint64_t)INT64_MAX + (negative ? 1 : 0))
        return false;
    *value = negative ? (int64_t)(0 - sum) : (int64_t)sum;
    return true;
}

size_t integer_text(char text[INTEGER_TEXT_MAX], int64_t value)
{
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char digits[INTEGER_TEXT_MAX];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left != 0);
    if (value < 0)
        digits[--at] = '-';
    memcpy(text, digits + at, sizeof(digits) - at);
    return sizeof(digits) - at;
}
