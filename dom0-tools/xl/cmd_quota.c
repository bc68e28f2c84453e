/* SPDX-License-Identifier: MIT */
/*
 * xl xenstore-quota-get, xenstore-quota-set: limits of the store daemon, which
 * are the same for all guests, and what a guest uses of them. The daemon tells
 * them as lines of text, `name : number` and then what that is.
 */
#include "xl/cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "toolstack/suggest.h"

const struct option_row quota_options[] = {
    {.id = 'g', .name = "global", .help = "the limits, for all domains"},
    {0},
};

#define MAX_LIMITS 64 /* more than a daemon has */

/* One line of the daemon's. */
struct quota {
    const char *name; /* in its text */
    long number;
    const char *rest;
};

/* Cut the next such line off the text; false: there are no more. */
static bool quota_next(char **text, struct quota *q)
{
    char *line, *colon, *end;

    while ((line = strsep(text, "\n"))) {
        colon = strchr(line, ':');
        if (!colon)
            continue;
        q->number = strtol(colon + 1, &end, 10);
        if (end == colon + 1)
            continue;
        *colon = 0;
        line[strcspn(line, " ")] = 0;
        q->name = line;
        q->rest = end + strspn(end, " ");
        return true;
    }
    return false;
}

static int limits_read(struct xl *xl, char **text_out, struct error **err_out)
{
    const char *words[] = {"quota"};
    struct privcmd *p;
    struct store *s;
    int rc = xl_open(xl, &p, &s, err_out);

    return rc ? rc : store_control(s, words, 1, text_out, err_out);
}

static int usage_read(struct xl *xl, char *domain, char **text_out,
                      struct error **err_out)
{
    struct domain_list list;
    char domid[8];
    const char *words[] = {"quota", domid};
    int rc = xl_domains(xl, 1, &domain, &list, err_out);

    if (rc)
        return rc;
    snprintf(domid, sizeof(domid), "%u", list.entry[0].info.domain);
    domain_list_free(&list);
    return store_control(xl->store, words, 2, text_out, err_out);
}

static int quotas_json(struct xl *xl, char *text, bool global,
                       struct error **err_out)
{
    struct json *j = json_new();
    struct quota q;

    if (!j)
        return out_of_memory(err_out);
    json_array(j, NULL);
    while (quota_next(&text, &q)) {
        json_object(j, NULL);
        json_text(j, "name", q.name);
        json_int(j, global ? "limit" : "used", q.number);
        if (global)
            json_text(j, "help", q.rest);
        else if (!strncmp(q.rest, "of ", 3))
            json_int(j, "limit", strtol(q.rest + 3, NULL, 10));
        json_object_end(j);
    }
    json_array_end(j);
    json_finish(j, xl->out);
    return 0;
}

int cmd_quota_get(struct xl *xl, int nr_args, char **args,
                  struct error **err_out)
{
    bool global = xl_has(xl, 'g');
    char *text;
    int rc;

    if (global == (nr_args == 1))
        return error_set(err_out, ERROR_USAGE, -EINVAL,
                         "wants either -g or a domain");
    rc = global ? limits_read(xl, &text, err_out)
                : usage_read(xl, args[0], &text, err_out);
    if (rc)
        return rc;
    if (xl->json)
        rc = quotas_json(xl, text, global, err_out);
    else
        fprintf(xl->out, "%s%s", text,
                *text && text[strlen(text) - 1] == '\n' ? "" : "\n");
    free(text);
    return rc;
}

/* The daemon has no such limit. */
static int unknown_quota(const char *name, const struct quota *limits,
                         size_t nr, struct error **err_out)
{
    const char *near = NULL;
    size_t i, best = 0;

    for (i = 0; i < nr; i++)
        suggest(name, limits[i].name, &near, &best);
    error_set(err_out, ERROR_USAGE, -EINVAL, "the store has no quota '%s'",
              name);
    return near ? error_hint(err_out, "did you mean `%s`?", near)
                : error_hint(err_out, "`xl xenstore-quota-get -g` lists them");
}

/* One `name=number`. */
static int quota_set(struct xl *xl, char *arg, const struct quota *limits,
                     size_t nr, struct error **err_out)
{
    char *equals = strchr(arg, '='), *reply, text[12];
    const char *words[] = {"quota", "set", arg, text};
    size_t i = 0;
    long number;
    int rc;

    if (!equals)
        return error_set(err_out, ERROR_USAGE, -EINVAL,
                         "wants quota=number, not '%s'", arg);
    *equals = 0;
    rc = number_parse(equals + 1, arg, 0, INT32_MAX, &number, err_out);
    if (rc)
        return rc;
    while (i < nr && strcmp(limits[i].name, arg) != 0)
        i++;
    if (i == nr)
        return unknown_quota(arg, limits, nr, err_out);
    snprintf(text, sizeof(text), "%ld", number);
    rc = store_control(xl->store, words, 4, &reply, err_out);
    if (!rc)
        free(reply);
    return rc;
}

int cmd_quota_set(struct xl *xl, int nr_args, char **args,
                  struct error **err_out)
{
    struct quota limits[MAX_LIMITS];
    char *text, *rest;
    size_t nr = 0;
    int rc, i;

    if (!xl_has(xl, 'g')) {
        error_set(err_out, ERROR_UNSUPPORTED, -EOPNOTSUPP,
                  "a limit is the same for all domains");
        return error_hint(err_out, "-g sets it for all");
    }
    rc = limits_read(xl, &text, err_out);
    if (rc)
        return rc;
    for (rest = text; nr < MAX_LIMITS && quota_next(&rest, &limits[nr]);)
        nr++;
    for (i = 0; i < nr_args && !rc; i++)
        rc = quota_set(xl, args[i], limits, nr, err_out);
    free(text);
    return rc;
}
