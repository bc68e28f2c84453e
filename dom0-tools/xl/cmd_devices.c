/* SPDX-License-Identifier: MIT */
/* xl block-list, network-list, channel-list: devices of domains, as the store
 * has them. */
#include "xl/cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"

/* One device: what its folders say; -1 where they don't. */
struct device_row {
    domid_t domid; /* of the guest */
    long devid;
    long backend_id;
    long state;
    long event_channel;
    long ring_ref;    /* of a disk; of a network's requests to send */
    long rx_ring_ref; /* of a network */
    char *mac;
    char *back;       /* folder of the backend */
    char *connection; /* of a channel: pty, socket */
    char *place;      /* where that is */
};

static void row_free(struct device_row *row)
{
    free(row->mac);
    free(row->back);
    free(row->connection);
    free(row->place);
}

static int front_read(struct xl *xl, const struct device_row *row,
                      const char *class, const char *name, char **text_out,
                      struct error **err_out)
{
    return store_read(xl->store, text_out, err_out,
                      "/local/domain/%u/device/%s/%ld/%s", row->domid, class,
                      row->devid, name);
}

static int number_read(struct xl *xl, const struct device_row *row,
                       const char *class, const char *name, long *number_out,
                       struct error **err_out)
{
    char *text;
    int rc = front_read(xl, row, class, name, &text, err_out);

    if (!rc)
        *number_out = text && *text ? strtol(text, NULL, 10) : -1;
    free(text);
    return rc;
}

static int row_read(struct xl *xl, struct device_row *row, const char *class,
                    struct error **err_out)
{
    bool is_vif = !strcmp(class, "vif");
    int rc = front_read(xl, row, class, "backend", &row->back, err_out);

    if (!rc)
        rc = front_read(xl, row, class, "mac", &row->mac, err_out);
    if (!rc)
        rc = number_read(xl, row, class, "backend-id", &row->backend_id,
                         err_out);
    if (!rc)
        rc = number_read(xl, row, class, "state", &row->state, err_out);
    if (!rc)
        rc = number_read(xl, row, class, "event-channel", &row->event_channel,
                         err_out);
    if (!rc)
        rc = number_read(xl, row, class, is_vif ? "tx-ring-ref" : "ring-ref",
                         &row->ring_ref, err_out);
    if (!rc)
        rc = number_read(xl, row, class, "rx-ring-ref", &row->rx_ring_ref,
                         err_out);
    return rc;
}

/* What the backend says of a channel, and its terminal. */
static int channel_read(struct xl *xl, struct device_row *row,
                        struct error **err_out)
{
    char back[64];
    int rc;

    snprintf(back, sizeof(back), "/local/domain/0/backend/console/%u/%ld",
             row->domid, row->devid);
    rc = number_read(xl, row, "console", "port", &row->event_channel, err_out);
    if (!rc)
        rc = store_read(xl->store, &row->connection, err_out, "%s/connection",
                        back);
    if (rc)
        return rc;
    if (row->connection && !strcmp(row->connection, "socket"))
        return store_read(xl->store, &row->place, err_out, "%s/path", back);
    return front_read(xl, row, "console", "tty", &row->place, err_out);
}

typedef void header_fn(FILE *out);
typedef void row_fn(FILE *out, const struct device_row *row);
typedef void row_json_fn(struct json *j, const struct device_row *row);
typedef int row_read_fn(struct xl *xl, struct device_row *row,
                        struct error **err_out);

/* A class of devices and how its rows look. */
struct device_table {
    const char *class;
    header_fn *header;
    row_fn *print;
    row_json_fn *json;
    row_read_fn *read; /* what only channels have; else NULL */
};

static void disk_header(FILE *out)
{
    fprintf(out, "%-5s %-3s %-6s %-5s %-6s %-8s %-30s\n", "Vdev", "BE",
            "handle", "state", "evt-ch", "ring-ref", "BE-path");
}

static void disk_print(FILE *out, const struct device_row *row)
{
    fprintf(out, "%-5ld %-3ld %-6d %-5ld %-6ld %-8ld %-30s\n", row->devid,
            row->backend_id, row->domid, row->state, row->event_channel,
            row->ring_ref, row->back ? row->back : "");
}

static void disk_json(struct json *j, const struct device_row *row)
{
    json_object(j, NULL);
    json_int(j, "domid", row->domid);
    json_int(j, "vdev", row->devid);
    json_int(j, "backend_id", row->backend_id);
    json_int(j, "state", row->state);
    json_text(j, "backend", row->back);
    json_object_end(j);
}

static void vif_header(FILE *out)
{
    fprintf(out, "%-3s %-2s %-17s %-6s %-5s %-6s %5s/%-5s %-30s\n", "Idx", "BE",
            "Mac Addr.", "handle", "state", "evt-ch", "tx-", "rx-ring-ref",
            "BE-path");
}

static void vif_print(FILE *out, const struct device_row *row)
{
    fprintf(out, "%-3ld %-2ld %-17s%6ld %5ld %6ld %5ld/%-11ld %-30s\n",
            row->devid, row->backend_id, row->mac ? row->mac : "", row->devid,
            row->state, row->event_channel, row->ring_ref, row->rx_ring_ref,
            row->back ? row->back : "");
}

static void vif_json(struct json *j, const struct device_row *row)
{
    json_object(j, NULL);
    json_int(j, "domid", row->domid);
    json_int(j, "devid", row->devid);
    json_text(j, "mac", row->mac);
    json_int(j, "backend_id", row->backend_id);
    json_int(j, "state", row->state);
    json_text(j, "backend", row->back);
    json_object_end(j);
}

static void channel_header(FILE *out)
{
    fprintf(out, "%-3s %-2s %-5s %-6s %8s %-10s %-30s\n", "Idx", "BE", "state",
            "evt-ch", "ring-ref", "connection", "");
}

/* Its channels are counted from 0, its consoles are one more. The stock tool
 * does not say where a socket is. */
static void channel_print(FILE *out, const struct device_row *row)
{
    fprintf(out, "%-3ld %-2ld %-5ld %-6ld %-8ld %-10s ", row->devid - 1,
            row->backend_id, row->state, row->event_channel, row->ring_ref,
            row->connection ? row->connection : "");
    if (row->connection && !strcmp(row->connection, "pty"))
        fprintf(out, "%-30s ", row->place ? row->place : "");
    fputs("\n", out);
}

static void channel_json(struct json *j, const struct device_row *row)
{
    json_object(j, NULL);
    json_int(j, "domid", row->domid);
    json_int(j, "console", row->devid);
    json_int(j, "backend_id", row->backend_id);
    json_int(j, "state", row->state);
    json_text(j, "connection", row->connection);
    json_text(j, "path", row->place);
    json_text(j, "backend", row->back);
    json_object_end(j);
}

static int by_number(const void *a, const void *b)
{
    long x = strtol(*(char *const *)a, NULL, 10);
    long y = strtol(*(char *const *)b, NULL, 10);

    return (x > y) - (x < y);
}

static int domain_show(struct xl *xl, domid_t domid,
                       const struct device_table *table, struct json *j,
                       struct error **err_out)
{
    char **names;
    unsigned int nr, i;
    int rc = store_list(xl->store, &names, &nr, err_out, "/libxl/%u/device/%s",
                        domid, table->class);

    if (rc || !names)
        return rc;
    qsort(names, nr, sizeof(*names), by_number);
    for (i = 0; i < nr && !rc; i++) {
        struct device_row row = {.domid = domid};

        row.devid = strtol(names[i], NULL, 10);
        /* The first console is no channel. */
        if (table->read && !row.devid)
            continue;
        rc = row_read(xl, &row, table->class, err_out);
        if (!rc && table->read)
            rc = table->read(xl, &row, err_out);
        if (!rc && j)
            table->json(j, &row);
        else if (!rc)
            table->print(xl->out, &row);
        row_free(&row);
    }
    free(names);
    return rc;
}

static int devices_show(struct xl *xl, int nr_args, char **args,
                        const struct device_table *table,
                        struct error **err_out)
{
    struct domain_list list;
    struct json *j = NULL;
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
    } else {
        table->header(xl->out);
    }
    for (i = 0; i < list.nr && !rc; i++)
        rc = domain_show(xl, list.entry[i].info.domain, table, j, err_out);
    if (j) {
        json_array_end(j);
        json_finish(j, rc ? NULL : xl->out);
    }
    domain_list_free(&list);
    return rc;
}

int cmd_block_list(struct xl *xl, int nr_args, char **args,
                   struct error **err_out)
{
    static const struct device_table table = {"vbd", disk_header, disk_print,
                                              disk_json, NULL};

    return devices_show(xl, nr_args, args, &table, err_out);
}

int cmd_network_list(struct xl *xl, int nr_args, char **args,
                     struct error **err_out)
{
    static const struct device_table table = {"vif", vif_header, vif_print,
                                              vif_json, NULL};

    return devices_show(xl, nr_args, args, &table, err_out);
}

int cmd_channel_list(struct xl *xl, int nr_args, char **args,
                     struct error **err_out)
{
    static const struct device_table table = {
        "console", channel_header, channel_print, channel_json, channel_read};

    return devices_show(xl, nr_args, args, &table, err_out);
}
