/* SPDX-License-Identifier: MIT */
/* Records of watched domains; see watch_record.h. */
#include "toolstack/watch_record.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "toolstack/config_text.h"
#include "toolstack/saved_config.h"

/* Beside the saved configurations, and named like these. */
static void path_make(domid_t domid, const xen_domain_handle_t handle,
                      char *path, size_t size)
{
    char uuid[UUID_STR_LEN];
    uuid_t bytes = {0};

    memcpy(bytes, handle, sizeof(bytes));
    uuid_unparse_lower(bytes, uuid);
    snprintf(path, size, "%s/userdata-w.%u.%s.xl", saved_config_folder(), domid,
             uuid);
}

static int file_fail(struct error **err_out, const char *path)
{
    int rc = errno ? -errno : -EIO;

    return error_set(err_out, ERROR_INTERNAL, rc, "%s: %s", path,
                     strerror(-rc));
}

/* A reader finds all of it or nothing. */
int watch_record_write(domid_t domid, const struct vm_config *config,
                       struct error **err_out)
{
    char path[512], new[520];
    bool good;
    FILE *out;

    path_make(domid, config->uuid, path, sizeof(path));
    snprintf(new, sizeof(new), "%s.new", path);
    out = fopen(new, "we");
    if (!out)
        return file_fail(err_out, new);
    good = !fchmod(fileno(out), 0600);
    config_text_write(out, config);
    good = good && !ferror(out);
    if (fclose(out) || !good || rename(new, path)) {
        unlink(new);
        return file_fail(err_out, path);
    }
    return 0;
}

int watch_record_read(domid_t domid, const xen_domain_handle_t handle,
                      struct vm_config *config_out, struct error **err_out)
{
    struct config_warnings warnings;
    struct config_file file = {0};
    char path[512];
    int rc;

    path_make(domid, handle, path, sizeof(path));
    if (access(path, F_OK))
        return -ENOENT;
    rc = config_file_read(path, &file, err_out);
    if (!rc)
        rc = vm_config_read(&file, config_out, &warnings, err_out);
    if (!rc)
        config_warnings_free(&warnings);
    config_file_free(&file);
    return rc == -ENOENT ? -EIO : rc;
}

void watch_record_remove(domid_t domid, const xen_domain_handle_t handle)
{
    char path[512];

    path_make(domid, handle, path, sizeof(path));
    unlink(path);
}

/* A record's name: which domain it is about. */
static bool name_parse(const char *name, domid_t *domid, uuid_t uuid)
{
    char text[UUID_STR_LEN];
    unsigned int number;
    int end = 0;

    if (sscanf(name, "userdata-w.%5u.%36[0-9a-f-].xl%n", &number, text, &end) !=
            2 ||
        !end || name[end] || uuid_parse(text, uuid))
        return false;
    *domid = (domid_t)number;
    return true;
}

bool watch_records_exist(void)
{
    DIR *folder = opendir(saved_config_folder());
    struct dirent *entry;
    bool found = false;
    domid_t domid;
    uuid_t uuid = {0};

    while (folder && !found && (entry = readdir(folder)))
        found = name_parse(entry->d_name, &domid, uuid);
    if (folder)
        closedir(folder);
    return found;
}

/* A dying domain is listed for as long as anybody has a page of it, and nothing
 * tells when the last one is given back. */
static bool is_alive(domid_t domid, const uuid_t uuid,
                     const struct xen_domctl_getdomaininfo *list, size_t nr)
{
    size_t i;

    for (i = 0; i < nr; i++)
        if (list[i].domain == domid && !(list[i].flags & XEN_DOMINF_dying) &&
            !memcmp(list[i].handle, uuid, sizeof(list[i].handle)))
            return true;
    return false;
}

size_t watch_records_sweep(const struct xen_domctl_getdomaininfo *list,
                           size_t nr)
{
    DIR *folder = opendir(saved_config_folder());
    struct dirent *entry;
    size_t left = 0;

    while (folder && (entry = readdir(folder))) {
        domid_t domid;
        uuid_t uuid = {0};

        if (!name_parse(entry->d_name, &domid, uuid))
            continue;
        if (is_alive(domid, uuid, list, nr))
            left++;
        else
            unlinkat(dirfd(folder), entry->d_name, 0);
    }
    if (folder)
        closedir(folder);
    return left;
}
