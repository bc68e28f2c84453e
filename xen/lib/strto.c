/* SPDX-License-Identifier: MIT */
/* Numbers in text, with checks for overflow. */
#include "xen/strto.h"

#include "xen/errno.h"

#define NOT_A_DIGIT 99

static unsigned int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return NOT_A_DIGIT;
}

/* The base that a prefix tells; *s moves behind "0x". */
static unsigned int find_base(const char **s)
{
    const char *p = *s;

    if (p[0] != '0')
        return 10;
    if ((p[1] == 'x' || p[1] == 'X') && digit_value(p[2]) < 16) {
        *s = p + 2;
        return 16;
    }
    return 8;
}

int parse_uint(const char **s, unsigned int base, u64 *out)
{
    const char *p = *s;
    u64 value = 0;

    if (base == 0)
        base = find_base(&p);
    if (digit_value(*p) >= base)
        return -EINVAL;
    for (; digit_value(*p) < base; p++)
        if (__builtin_mul_overflow(value, (u64)base, &value) ||
            __builtin_add_overflow(value, (u64)digit_value(*p), &value))
            return -ERANGE;

    *s = p;
    *out = value;
    return 0;
}

/* log2 of what the suffix at *s multiplies by; *s moves behind it. */
static unsigned int parse_suffix(const char **s)
{
    unsigned int shift = 10;

    switch (**s) {
    case 'T':
    case 't':
        shift = 40;
        break;
    case 'G':
    case 'g':
        shift = 30;
        break;
    case 'M':
    case 'm':
        shift = 20;
        break;
    case 'K':
    case 'k':
        break;
    case 'B':
    case 'b':
        shift = 0;
        break;
    default:
        return shift;
    }
    (*s)++;
    return shift;
}

int parse_size(const char **s, u64 *bytes_out)
{
    const char *p = *s;
    unsigned int shift;
    u64 number;
    int rc = parse_uint(&p, 0, &number);

    if (rc)
        return rc;
    shift = parse_suffix(&p);
    if (number > (~0ULL >> shift))
        return -ERANGE;

    *s = p;
    *bytes_out = number << shift;
    return 0;
}
