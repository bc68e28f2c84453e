/* SPDX-License-Identifier: MIT */
/*
 * Lists of PCI devices, which no guest has here: empty ones, in the stock
 * tool's form, so that whoever asks about a guest gets an answer.
 */
#include "xl/cmd.h"

#include "lib/json.h"

static int empty_list(struct xl *xl, const char *header, struct error **err_out)
{
    struct json *j;

    if (!xl->json) {
        fputs(header, xl->out);
        return 0;
    }
    j = json_new();
    if (!j)
        return out_of_memory(err_out);
    json_array(j, NULL);
    json_array_end(j);
    json_finish(j, xl->out);
    return 0;
}

static int empty_list_of(struct xl *xl, int nr_args, char **args,
                         const char *header, struct error **err_out)
{
    struct domain_list list;
    int rc = xl_domains(xl, nr_args, args, &list, err_out);

    if (rc)
        return rc;
    domain_list_free(&list);
    return empty_list(xl, header, err_out);
}

int cmd_pci_list(struct xl *xl, int nr_args, char **args,
                 struct error **err_out)
{
    return empty_list_of(xl, nr_args, args, "", err_out);
}

int cmd_pci_assignable_list(struct xl *xl, int nr_args, char **args,
                            struct error **err_out)
{
    (void)nr_args, (void)args;
    return empty_list(xl, "", err_out);
}
