/* unit: cmocka, with the headers that it wants before itself. */
#ifndef HOTWARM_TESTS_UNIT_UNIT_H
#define HOTWARM_TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
