/* SPDX-License-Identifier: MIT */
/* Destroying domains; see destroy.h. */
#include "toolstack/destroy.h"

#include "lib/domctl.h"
#include "toolstack/domain.h"
#include "toolstack/store_tree.h"

int destroy_run(struct privcmd *p, struct store *s, domid_t domid,
                struct error **err_out)
{
    struct xen_domctl_getdomaininfo info;
    char uuid[UUID_TEXT_SIZE];
    int rc = domctl_info(p, domid, &info, err_out), first;

    if (rc)
        return rc;
    domain_uuid_text(info.handle, uuid);
    first = domctl_destroy(p, domid, err_out);
    rc = store_tree_remove(s, domid, uuid, first ? NULL : err_out);
    return first ? first : rc;
}
