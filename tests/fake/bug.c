/* SPDX-License-Identifier: MIT */
/* What must not happen ends the test, unless the test expects it. */
#include "fake/fake.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

jmp_buf fake_bug_jmp;
bool fake_bug_armed;

static void __noreturn end(void)
{
    if (fake_bug_armed) {
        fake_bug_armed = false;
        longjmp(fake_bug_jmp, 1);
    }
    abort();
}

void bug(const char *file, unsigned int line, const char *what)
{
    if (!fake_bug_armed)
        fprintf(stderr, "%s:%u: %s\n", file, line, what);
    end();
}

void panic(const char *fmt, ...)
{
    va_list args;

    if (!fake_bug_armed) {
        va_start(args, fmt);
        fputs("panic: ", stderr);
        vfprintf(stderr, fmt, args);
        va_end(args);
    }
    end();
}

void warn(const char *file, unsigned int line, const char *what)
{
    fprintf(stderr, "%s:%u: warning: %s\n", file, line, what);
}
