/* SPDX-License-Identifier: MIT */
/*
 * Numbers of virtual disks: what a guest calls xvda is 51712; see
 * device_config.h.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "toolstack/device_config.h"

/* `a` is 0, `z` 25, `aa` 26; moves *text behind the letters. */
static bool letters_parse(const char **text, unsigned int *number)
{
    const char *p = *text;
    unsigned int n = 0;

    for (; islower((unsigned char)*p) && n < 100000; p++)
        n = n * 26 + (unsigned int)(*p - 'a') + 1;
    if (p == *text)
        return false;
    *text = p;
    *number = n - 1;
    return true;
}

/* A number of decimal digits without leading zeros, to the end of the text. */
static bool digits_parse(const char *text, unsigned int *number)
{
    char *end;

    if (!isdigit((unsigned char)*text) || (*text == '0' && text[1]))
        return false;
    *number = (unsigned int)strtoul(text, &end, 10);
    return !*end && end - text < 7;
}

#define EXTENDED (1u << 28)

static unsigned int xvd_number(unsigned int disk, unsigned int partition)
{
    if (disk < 16 && partition < 16)
        return 202u << 8 | disk << 4 | partition;
    return disk < 1u << 20 && partition < 256 ? EXTENDED | disk << 8 | partition
                                              : 0;
}

static unsigned int hd_number(unsigned int disk, unsigned int partition)
{
    if (disk > 3 || partition > 63)
        return 0;
    return (disk < 2 ? 3u : 22u) << 8 | (disk & 1) << 6 | partition;
}

static unsigned int sd_number(unsigned int disk, unsigned int partition)
{
    return disk < 16 && partition < 16 ? 8u << 8 | disk << 4 | partition : 0;
}

/* `d2p1`: disk and partition in digits. */
static unsigned int d_number(const char *text)
{
    unsigned int disk, partition = 0;
    char digits[16];
    size_t len = strcspn(text, "p");

    if (len == 0 || len >= sizeof(digits))
        return 0;
    memcpy(digits, text, len);
    digits[len] = 0;
    if (!digits_parse(digits, &disk) ||
        (text[len] && !digits_parse(text + len + 1, &partition)))
        return 0;
    return xvd_number(disk, partition);
}

unsigned int disk_number(const char *vdev)
{
    static const struct {
        const char *prefix;
        unsigned int (*number)(unsigned int disk, unsigned int partition);
    } kinds[] = {{"xvd", xvd_number}, {"hd", hd_number}, {"sd", sd_number}};
    unsigned int disk, partition = 0;
    size_t i;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const char *rest = vdev + strlen(kinds[i].prefix);

        if (strncmp(vdev, kinds[i].prefix, strlen(kinds[i].prefix)))
            continue;
        if (!letters_parse(&rest, &disk) ||
            (*rest && (!digits_parse(rest, &partition) || !partition)))
            return 0;
        return kinds[i].number(disk, partition);
    }
    return *vdev == 'd' ? d_number(vdev + 1) : 0;
}
