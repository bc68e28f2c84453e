/* SPDX-License-Identifier: MIT */
/* xl console: a guest's console, and what it has written there. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "consoled/history.h"
#include "lib/json.h"
#include "xl/cmd.h"
#include "xl/console.h"

#define ATTACH_MS 5000

const struct option_row console_options[] = {
    {.id = 't',
     .value = "pv|serial",
     .help = "kind of console; a PV guest has pv"},
    {.id = 'n', .value = "NUM", .help = "number of the console, from 0"},
    {.id = 'e', .value = "CHAR", .help = "escape character, as ^]"},
    {.id = 'H',
     .no_letter = true,
     .name = "history",
     .help = "show what the guest has written, also after its end"},
    {0},
};

/* Histories. */

/* The newest first are as they end: a name shows all runs of the guest, oldest
 * first; an id that one. */
static bool is_wanted(const struct history_info *info, const char *which)
{
    char *end;
    unsigned long domid = strtoul(which, &end, 10);

    if (info->head.number)
        return false;
    return end != which && !*end ? info->head.domid == domid
                                 : !strcmp(info->head.name, which);
}

static int history_json(struct json *j, const struct history_info *info,
                        const char *text)
{
    json_object(j, NULL);
    json_text(j, "name", info->head.name);
    json_int(j, "domid", info->head.domid);
    json_text(j, "uuid", info->head.uuid);
    json_int(j, "started", info->head.started);
    json_bool(j, "ended", info->head.ended != 0);
    json_text(j, "text", text);
    json_object_end(j);
    return 0;
}

static int histories_show(struct xl *xl, int dir, const char *which,
                          const struct history_info *list, size_t nr,
                          struct json *j, struct error **err_out)
{
    size_t i, len, found = 0;

    for (i = 0; i < nr; i++) {
        uint64_t pos = 0;
        char *text;
        int rc;

        if (!is_wanted(&list[i], which))
            continue;
        rc = history_text(dir, list[i].file, &pos, &text, &len);
        if (rc)
            return error_set(err_out, ERROR_INTERNAL, rc, "%s/%s: %s",
                             HISTORY_FOLDER, list[i].file, strerror(-rc));
        if (j)
            history_json(j, &list[i], text);
        else
            fwrite(text, 1, len, xl->out);
        free(text);
        found++;
    }
    return found ? 0
                 : error_set(err_out, ERROR_NO_DOMAIN, -ESRCH,
                             "%s: no guest of this name or id has a history",
                             which);
}

static int history_show(struct xl *xl, const char *which,
                        struct error **err_out)
{
    int dir = open(HISTORY_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct history_info *list = NULL;
    struct json *j = NULL;
    size_t nr = 0;
    int rc = dir < 0 ? -errno : history_list(dir, &list, &nr);

    if (rc) {
        error_set(err_out, rc == -EACCES ? ERROR_PERMISSION : ERROR_NO_DOMAIN,
                  rc, "%s: %s", HISTORY_FOLDER, strerror(-rc));
        return error_hint(err_out, "Xenia's xenconsoled keeps histories there");
    }
    if (xl->json) {
        j = json_new();
        json_array(j, NULL);
    }
    rc = histories_show(xl, dir, which, list, nr, j, err_out);
    if (j) {
        json_array_end(j);
        json_finish(j, rc ? NULL : xl->out);
    }
    free(list);
    close(dir);
    return rc;
}

/* The console itself. */

static int escape_parse(const char *text, char *escape, struct error **err_out)
{
    if (text[0] == '^' && text[1] >= '@' && text[1] <= 'z' && !text[2])
        *escape = (char)(text[1] & 0x1f);
    else if (text[0] && !text[1])
        *escape = text[0];
    else
        return error_set(err_out, ERROR_USAGE, -EINVAL,
                         "-e: '%s' is no character, nor one as ^]", text);
    return 0;
}

static int type_check(const char *type, struct error **err_out)
{
    if (!strcmp(type, "pv"))
        return 0;
    if (strcmp(type, "serial") != 0)
        return error_set(err_out, ERROR_USAGE, -EINVAL,
                         "-t: '%s' is none of pv, serial", type);
    error_set(err_out, ERROR_USAGE, -ENOTSUP,
              "a PV guest has no emulated serial port");
    return error_hint(err_out, "leave out -t serial");
}

static int console_run(struct xl *xl, const char *which, char escape,
                       long number, struct error **err_out)
{
    struct console *c;
    struct privcmd *p;
    struct store *s;
    domid_t domid;
    int rc = xl_open(xl, &p, &s, err_out);

    if (!rc)
        rc = domain_find(p, s, which, &domid, err_out);
    if (!rc && domid == 0)
        rc =
            error_set(err_out, ERROR_USAGE, -EINVAL,
                      "domain 0 is the control domain: it has no console here");
    if (!rc) {
        rc = console_attach(p, s, domid, (unsigned int)number, ATTACH_MS,
                            xl->cancel, &c, err_out);
        if (rc)
            return error_wrap(err_out, "%s", which);
    }
    return rc ? rc : xl_console_session(xl, c, which, escape, NULL, err_out);
}

int cmd_console(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    char escape = CONSOLE_ESCAPE;
    long number = 0;
    int rc = 0;

    (void)nr_args;
    if (xl_has(xl, 'H'))
        return history_show(xl, args[0], err_out);
    if (xl->json)
        return error_set(err_out, ERROR_USAGE, -EINVAL,
                         "--json is for --history only");
    if (xl_has(xl, 't'))
        rc = type_check(xl->option['t'], err_out);
    if (!rc && xl_has(xl, 'n'))
        rc = number_parse(xl->option['n'], "-n", 0, 65535, &number, err_out);
    if (!rc && xl_has(xl, 'e'))
        rc = escape_parse(xl->option['e'], &escape, err_out);
    return rc ? rc : console_run(xl, args[0], escape, number, err_out);
}
