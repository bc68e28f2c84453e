/* SPDX-License-Identifier: MIT */
/* xl uptime: how long domains have been running. */
#include "xl/cmd.h"

#include <stdlib.h>
#include <time.h>

#include "lib/json.h"

const struct option_row uptime_options[] = {
    {.id = 's', .name = "short", .help = "with the time of day, no seconds"},
    {0},
};

#define DAY 86400

/* Seconds since a domain was started, by its start time in the store. */
static int uptime_read(struct xl *xl, const struct domain_entry *d, long *out,
                       struct error **err_out)
{
    char uuid[UUID_TEXT_SIZE], *start = NULL;
    struct timespec now;
    int rc;

    if (d->info.domain == 0) {
        /* The control domain's clock began with its kernel. */
        clock_gettime(CLOCK_BOOTTIME, &now);
        *out = now.tv_sec;
        return 0;
    }
    domain_uuid_text(d->info.handle, uuid);
    rc = store_read(xl->store, &start, err_out, "/vm/%s/start_time", uuid);
    clock_gettime(CLOCK_REALTIME, &now);
    *out = start ? now.tv_sec - strtol(start, NULL, 10) : 0;
    free(start);
    return rc;
}

static void time_print(FILE *out, long seconds, bool brief)
{
    long days = seconds / DAY, hours = seconds % DAY / 3600;

    if (days)
        fprintf(out, "%ld day%s, ", days, days > 1 ? "s" : "");
    fprintf(out, "%2ld:%02ld", hours, seconds % 3600 / 60);
    if (!brief)
        fprintf(out, ":%02ld", seconds % 60);
}

static void brief_print(FILE *out, const struct domain_entry *d, long seconds)
{
    time_t now = time(NULL);
    struct tm local;
    char clock[16] = "";

    if (localtime_r(&now, &local))
        strftime(clock, sizeof(clock), "%H:%M:%S", &local);
    fprintf(out, " %s up ", clock);
    time_print(out, seconds, true);
    fprintf(out, ", %s (%d)\n", d->name ? d->name : "(null)", d->info.domain);
}

static void row_print(FILE *out, const struct domain_entry *d, long seconds)
{
    fprintf(out, "%-33s %4d ", d->name ? d->name : "(null)", d->info.domain);
    time_print(out, seconds, false);
    fputc('\n', out);
}

static void row_json(struct json *j, const struct domain_entry *d, long seconds)
{
    json_object(j, NULL);
    json_text(j, "name", d->name);
    json_int(j, "domid", d->info.domain);
    json_int(j, "uptime_s", seconds);
    json_object_end(j);
}

int cmd_uptime(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    bool brief = xl_has(xl, 's');
    struct domain_list list;
    struct json *j = NULL;
    long seconds;
    size_t i;
    int rc = xl_domains(xl, nr_args, args, &list, err_out);

    if (rc)
        return rc;
    if (xl->json) {
        j = json_new();
        if (j)
            json_array(j, NULL);
        else
            rc = out_of_memory(err_out);
    } else if (!brief) {
        fprintf(xl->out, "%-33s %4s %s\n", "Name", "ID", "Uptime");
    }
    for (i = 0; i < list.nr && !rc; i++) {
        rc = uptime_read(xl, &list.entry[i], &seconds, err_out);
        if (rc)
            break;
        if (j)
            row_json(j, &list.entry[i], seconds);
        else
            (brief ? brief_print : row_print)(xl->out, &list.entry[i], seconds);
    }
    if (j) {
        json_array_end(j);
        json_finish(j, rc ? NULL : xl->out);
    }
    domain_list_free(&list);
    return rc;
}
