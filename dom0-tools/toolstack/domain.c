/* SPDX-License-Identifier: MIT */
/* Names of domains; see domain.h. */
#include "toolstack/domain.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#include "lib/domctl.h"
#include "lib/sysctl.h"

void domain_list_free(struct domain_list *list)
{
    size_t i;

    for (i = 0; i < list->nr; i++)
        free(list->entry[i].name);
    free(list->entry);
    *list = (struct domain_list){0};
}

static int names_read(struct store *s, struct domain_list *list,
                      struct error **err_out)
{
    unsigned int *domids = calloc(list->nr + 1, sizeof(*domids));
    char **names = calloc(list->nr + 1, sizeof(*names));
    size_t i;
    int rc = -ENOMEM;

    for (i = 0; domids && i < list->nr; i++)
        domids[i] = list->entry[i].info.domain;
    if (domids && names)
        rc = store_read_names(s, domids, list->nr, names, err_out);
    else
        error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    for (i = 0; i < list->nr && !rc; i++)
        list->entry[i].name = names[i];
    free(domids);
    free(names);
    return rc;
}

int domain_list(struct privcmd *p, struct store *s,
                struct domain_list *list_out, struct error **err_out)
{
    struct xen_domctl_getdomaininfo *info;
    struct domain_list list = {0};
    size_t nr, i;
    int rc = sysctl_domains(p, &info, &nr, err_out);

    if (rc)
        return rc;
    list.entry = calloc(nr + 1, sizeof(*list.entry));
    for (i = 0; list.entry && i < nr; i++)
        list.entry[i].info = info[i];
    free(info);
    if (!list.entry)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    list.nr = nr;
    rc = names_read(s, &list, err_out);
    if (rc)
        domain_list_free(&list);
    else
        *list_out = list;
    return rc;
}

/* A domain id in digits; false if it is none. */
static bool domid_parse(const char *text, unsigned long *id_out)
{
    char *end;

    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    *id_out = strtoul(text, &end, 10);
    return !*end;
}

static int no_domain(struct error **err_out, const char *which)
{
    return error_set(err_out, ERROR_NO_DOMAIN, -ESRCH, "%s: no such domain",
                     which);
}

int domain_find_name(struct privcmd *p, struct store *s, const char *name,
                     domid_t *domid_out, struct error **err_out)
{
    struct domain_list list;
    size_t i;
    int rc = domain_list(p, s, &list, err_out);

    if (rc)
        return rc;
    for (i = 0; i < list.nr; i++)
        if (list.entry[i].name && !strcmp(list.entry[i].name, name))
            break;
    if (i < list.nr)
        *domid_out = list.entry[i].info.domain;
    else
        rc = no_domain(err_out, name);
    domain_list_free(&list);
    return rc;
}

int domain_find(struct privcmd *p, struct store *s, const char *which,
                domid_t *domid_out, struct error **err_out)
{
    struct xen_domctl_getdomaininfo info;
    unsigned long id;
    int rc;

    if (!domid_parse(which, &id))
        return domain_find_name(p, s, which, domid_out, err_out);
    if (id >= DOMID_FIRST_RESERVED)
        return no_domain(err_out, which);
    rc = domctl_info(p, (domid_t)id, &info, err_out);
    if (rc == -ESRCH)
        return no_domain(err_out, which);
    if (!rc)
        *domid_out = (domid_t)id;
    return rc;
}

void domain_uuid_text(const xen_domain_handle_t handle, char *text)
{
    uuid_unparse_lower(handle, text);
}

int domain_name_check(const char *name, struct error **err_out)
{
    unsigned long id;

    if (!*name || strchr(name, '/') || domid_parse(name, &id))
        return error_set(err_out, ERROR_USAGE, -EINVAL,
                         "'%s' can't be a domain's name: a name is not empty, "
                         "has no '/', and is not a number",
                         name);
    return 0;
}

int domain_rename(struct privcmd *p, struct store *s, domid_t domid,
                  const char *name, struct error **err_out)
{
    char *vm = NULL;
    domid_t other;
    int rc = domain_name_check(name, err_out);

    if (rc)
        return rc;
    rc = domain_find_name(p, s, name, &other, err_out);
    if (!rc && other == domid)
        return 0;
    if (!rc)
        return error_set(err_out, ERROR_NAME_IN_USE, -EEXIST,
                         "%s: domain %u has this name", name, other);
    if (rc != -ESRCH)
        return rc;
    error_clear(err_out);
    rc = store_write(s, name, err_out, "/local/domain/%u/name", domid);
    if (!rc)
        rc = store_read(s, &vm, err_out, "/local/domain/%u/vm", domid);
    if (!rc && vm)
        rc = store_write(s, name, err_out, "%s/name", vm);
    free(vm);
    return rc;
}
