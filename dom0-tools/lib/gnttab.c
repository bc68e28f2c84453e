/* SPDX-License-Identifier: MIT */
/* A domain's grant table from the outside; see gnttab.h. */
#include "lib/gnttab.h"

#include "public/grant_table.h"
#include "public/memory.h"

int gnttab_seed(struct privcmd *p, domid_t domid, domid_t to,
                uint64_t console_mfn, uint64_t store_mfn,
                struct error **err_out)
{
    struct grant_entry_v1 *table = privcmd_map_resource(
        p, domid, XENMEM_resource_grant_table,
        XENMEM_resource_grant_table_id_shared, 0, 1, err_out);

    if (!table)
        return error_rc(err_out);
    table[GNTTAB_RESERVED_CONSOLE] =
        (struct grant_entry_v1){.flags = GTF_permit_access,
                                .domid = to,
                                .frame = (uint32_t)console_mfn};
    table[GNTTAB_RESERVED_XENSTORE] = (struct grant_entry_v1){
        .flags = GTF_permit_access, .domid = to, .frame = (uint32_t)store_mfn};
    privcmd_unmap(table, 1);
    return 0;
}
