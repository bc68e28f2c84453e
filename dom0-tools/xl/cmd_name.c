/* SPDX-License-Identifier: MIT */
/* xl domid, domname, rename: names and ids. */
#include "xl/cmd.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/json.h"

static int name_json(struct xl *xl, domid_t domid, const char *name,
                     struct error **err_out)
{
    struct json *j = json_new();

    if (!j)
        return out_of_memory(err_out);
    json_object(j, NULL);
    json_int(j, "domid", domid);
    json_text(j, "name", name);
    json_object_end(j);
    json_finish(j, xl->out);
    return 0;
}

int cmd_domid(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    struct privcmd *p;
    struct store *s;
    domid_t domid;
    int rc = xl_open(xl, &p, &s, err_out);

    (void)nr_args;
    if (!rc)
        rc = domain_find_name(p, s, args[0], &domid, err_out);
    if (!rc && xl->json)
        return name_json(xl, domid, args[0], err_out);
    if (!rc)
        fprintf(xl->out, "%u\n", domid);
    return rc;
}

int cmd_domname(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    struct privcmd *p;
    struct store *s;
    char *name = NULL;
    long domid;
    int rc = xl_open(xl, &p, &s, err_out);

    (void)nr_args;
    if (!rc)
        rc = number_parse(args[0], "domain id", 0, DOMID_FIRST_RESERVED - 1,
                          &domid, err_out);
    if (!rc)
        rc = store_read(s, &name, err_out, "/local/domain/%ld/name", domid);
    if (!rc && !name)
        rc = error_set(err_out, ERROR_NO_DOMAIN, -ESRCH, "%s: no such domain",
                       args[0]);
    if (!rc && xl->json)
        rc = name_json(xl, (domid_t)domid, name, err_out);
    else if (!rc)
        fprintf(xl->out, "%s\n", name);
    free(name);
    return rc;
}

int cmd_rename(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    struct privcmd *p;
    struct store *s;
    domid_t domid;
    int rc = xl_open(xl, &p, &s, err_out);

    (void)nr_args;
    if (!rc)
        rc = domain_find(p, s, args[0], &domid, err_out);
    return rc ? rc : domain_rename(p, s, domid, args[1], err_out);
}
