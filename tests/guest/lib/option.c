/* SPDX-License-Identifier: MIT */
/* Numbers on the kernel's command line. */
#include "guest.h"

static uint64_t read_number(const char *text)
{
    uint64_t value = 0;

    for (; (*text >= '0' && *text <= '9'); text++)
        value = value * 10 + (uint64_t)(*text - '0');
    return value;
}

void option_read(const char *name, uint64_t *value)
{
    const char *line = (const char *)start_info->cmd_line;
    unsigned int len = 0;

    while (name[len])
        len++;
    for (; *line; line++)
        if (memcmp(line, name, len) == 0)
            *value = read_number(line + len);
}
