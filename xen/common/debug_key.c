/* SPDX-License-Identifier: MIT */
/* The table of debug keys. */
#include "xen/debug_key.h"

#include "xen/bug.h"
#include "xen/printk.h"
#include "xen/shutdown.h"

#define FIRST_KEY ' '
#define LAST_KEY  '~'

static struct {
    const char *help;
    void (*fn)(void);
} keys[LAST_KEY - FIRST_KEY + 1];

static bool is_key(char key)
{
    return key >= FIRST_KEY && key <= LAST_KEY;
}

void debug_key_register(char key, const char *help, void (*fn)(void))
{
    BUG_ON(!is_key(key) || keys[key - FIRST_KEY].fn);
    keys[key - FIRST_KEY].help = help;
    keys[key - FIRST_KEY].fn = fn;
}

void debug_key_handle(char key)
{
    if (!is_key(key) || !keys[key - FIRST_KEY].fn)
        return;
    printk("'%c': %s\n", key, keys[key - FIRST_KEY].help);
    keys[key - FIRST_KEY].fn();
}

static void show_help(void)
{
    for (char key = FIRST_KEY; key <= LAST_KEY; key++)
        if (keys[key - FIRST_KEY].fn)
            printk(" key '%c' => %s\n", key, keys[key - FIRST_KEY].help);
}

void debug_keys_init(void)
{
    debug_key_register('h', "show this help", show_help);
    debug_key_register('R', "reboot the machine", machine_restart);
}
