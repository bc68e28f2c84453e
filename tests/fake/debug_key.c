/* SPDX-License-Identifier: MIT */
/* Nobody presses keys. */
#include "xen/debug_key.h"

void debug_key_register(char key, const char *help, void (*fn)(void))
{
    (void)key;
    (void)help;
    (void)fn;
}
