/* SPDX-License-Identifier: MIT */
/* Targets and limits of memory; see memory_target.h. */
#include "toolstack/memory_target.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/domctl.h"

int memory_parse(const char *text, uint64_t *kib_out, struct error **err_out)
{
    static const char units[] = "bkmgt";
    unsigned long long number;
    const char *unit;
    char *end;
    int shift; /* from the unit to KiB */

    errno = 0;
    number = strtoull(text, &end, 10);
    unit = *end ? strchr(units, tolower((unsigned char)*end)) : units + 2;
    shift = unit ? ((int)(unit - units) - 1) * 10 : 0;
    if (!isdigit((unsigned char)text[0]) || errno || !unit ||
        (*end && end[1]) || (shift > 0 && number > UINT64_MAX >> (shift + 10)))
        return error_set(
            err_out, ERROR_USAGE, -EINVAL,
            "'%s' is no amount of memory; one is `512`, in MiB, or "
            "has a unit as in `2g`",
            text);
    *kib_out = shift < 0 ? number >> 10 : number << shift;
    return 0;
}

/* A number in the store; 0 where there is none. */
static int kib_read(struct store *s, domid_t domid, const char *name,
                    uint64_t *kib_out, struct error **err_out)
{
    char *value;
    int rc = store_read(s, &value, err_out, "/local/domain/%u/memory/%s", domid,
                        name);

    if (!rc)
        *kib_out = value ? strtoull(value, NULL, 10) : 0;
    free(value);
    return rc;
}

static int kib_write(struct store *s, domid_t domid, const char *name,
                     uint64_t kib, struct error **err_out)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, kib);
    return store_write(s, text, err_out, "/local/domain/%u/memory/%s", domid,
                       name);
}

/* What the store's /vm part shows, in MiB. */
static int vm_write(struct store *s, domid_t domid, uint64_t kib,
                    struct error **err_out)
{
    char text[24], *vm;
    int rc = store_read(s, &vm, err_out, "/local/domain/%u/vm", domid);

    snprintf(text, sizeof(text), "%" PRIu64, kib / 1024);
    if (!rc && vm)
        rc = store_write(s, text, err_out, "%s/memory", vm);
    free(vm);
    return rc;
}

int memory_set_target(struct privcmd *p, struct store *s, domid_t domid,
                      uint64_t kib, struct error **err_out)
{
    uint64_t max = 0;
    int rc = kib_read(s, domid, "static-max", &max, err_out);

    if (!rc && max && kib > max) {
        error_set(err_out, ERROR_USAGE, -EINVAL,
                  "%" PRIu64 " KiB are more than its maximum of %" PRIu64
                  " KiB",
                  kib, max);
        return error_hint(err_out, "`xl mem-max` raises it");
    }
    if (!rc)
        rc = domctl_max_mem(p, domid, kib + MEMORY_SLACK_KIB, err_out);
    if (!rc)
        rc = kib_write(s, domid, "target", kib, err_out);
    return rc ? rc : vm_write(s, domid, kib, err_out);
}

int memory_set_max(struct privcmd *p, struct store *s, domid_t domid,
                   uint64_t kib, struct error **err_out)
{
    uint64_t target = 0;
    int rc = kib_read(s, domid, "target", &target, err_out);

    if (!rc && kib < target) {
        error_set(err_out, ERROR_USAGE, -EINVAL,
                  "%" PRIu64 " KiB are less than its target of %" PRIu64 " KiB",
                  kib, target);
        return error_hint(err_out, "lower that by `xl mem-set` first");
    }
    if (!rc)
        rc = domctl_max_mem(p, domid, kib + MEMORY_SLACK_KIB, err_out);
    return rc ? rc : kib_write(s, domid, "static-max", kib, err_out);
}
