/* SPDX-License-Identifier: MIT */
/*
 * xl top for programs: the stock tool's batch mode, column for column, and
 * JSON; see top.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/domctl.h"
#include "lib/json.h"
#include "xl/cmd.h"
#include "xl/top.h"

#define KIB_PER_PAGE 4

static double percent(uint64_t kib, uint64_t of_kib)
{
    return of_kib ? (double)kib * 100 / (double)of_kib : 0;
}

static void header_print(FILE *out)
{
    fputs("      NAME  STATE   CPU(sec) CPU(%)     MEM(k) MEM(%)  MAXMEM(k) "
          "MAXMEM(%) VCPUS NETS NETTX(k) NETRX(k) VBDS   VBD_OO   VBD_RD   "
          "VBD_WR  VBD_RSECT  VBD_WSECT SSID\n",
          out);
}

/* More than the host has is no limit at all. */
static void max_memory_print(FILE *out, const struct top_table *t,
                             const struct top_row *row)
{
    uint64_t kib = row->info.max_pages * KIB_PER_PAGE;

    if (row->info.max_pages > UINT32_MAX)
        fprintf(out, " %10s %9s", "no limit", "n/a");
    else
        fprintf(out, " %10" PRIu64 " %9.1f", kib, percent(kib, t->host_kib));
}

static void row_print(FILE *out, const struct top_table *t,
                      const struct top_row *row, bool full_name)
{
    const struct usage_devices *d = &row->devices;
    uint64_t kib = row->info.tot_pages * KIB_PER_PAGE;

    fprintf(out, full_name ? "%10s" : "%10.10s", row->name);
    fprintf(out, " %s %10" PRIu64 " %6.1f %10" PRIu64 " %6.1f", row->state,
            row->info.cpu_time / 1000000000u, row->rates.cpu_percent, kib,
            percent(kib, t->host_kib));
    max_memory_print(out, t, row);
    fprintf(out, " %5u %4u %8" PRIu64 " %8" PRIu64, row->info.nr_online_vcpus,
            d->nr_nets, d->net[NET_TX_BYTES] / 1024,
            d->net[NET_RX_BYTES] / 1024);
    fprintf(out,
            " %4u %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %10" PRIu64
            " %10" PRIu64 " %4u\n",
            d->nr_disks, d->disk[DISK_OO], d->disk[DISK_RD], d->disk[DISK_WR],
            d->disk[DISK_RD_SECT], d->disk[DISK_WR_SECT], row->info.ssidref);
}

static int vcpus_print(struct xl *xl, const struct top_row *row,
                       struct error **err_out)
{
    struct xen_domctl_getvcpuinfo info;
    unsigned int vcpu;
    int rc = 0;

    fputs("VCPUs(sec): ", xl->out);
    for (vcpu = 0; vcpu <= row->info.max_vcpu_id && !rc; vcpu++) {
        rc = domctl_vcpu_info(xl->privcmd, row->domid, vcpu, &info, err_out);
        if (!rc && info.online)
            fprintf(xl->out, " %2u: %10" PRIu64 "s", vcpu,
                    info.cpu_time / 1000000000u);
    }
    fputc('\n', xl->out);
    /* It went between the list and now. */
    if (rc == -ESRCH)
        error_clear(err_out);
    return rc == -ESRCH ? 0 : rc;
}

static void net_print(FILE *out, const struct backend_stats *d)
{
    fprintf(out,
            "Net%u RX: %8" PRIu64 "bytes %8" PRIu64 "pkts %8" PRIu64
            "err %8" PRIu64 "drop  TX: %8" PRIu64 "bytes %8" PRIu64
            "pkts %8" PRIu64 "err %8" PRIu64 "drop\n",
            d->device, d->value[NET_RX_BYTES], d->value[NET_RX_PACKETS],
            d->value[NET_RX_ERRORS], d->value[NET_RX_DROPPED],
            d->value[NET_TX_BYTES], d->value[NET_TX_PACKETS],
            d->value[NET_TX_ERRORS], d->value[NET_TX_DROPPED]);
}

static void disk_print(FILE *out, const struct backend_stats *d)
{
    fprintf(out,
            "VBD BlkBack %u [%2x:%2x]  OO: %8" PRIu64 "   RD: %8" PRIu64
            "   WR: %8" PRIu64 "   RSECT: %10" PRIu64 "   WSECT: %10" PRIu64
            "\n",
            d->device, d->device >> 8 & 0xfff, d->device & 0xff,
            d->value[DISK_OO], d->value[DISK_RD], d->value[DISK_WR],
            d->value[DISK_RD_SECT], d->value[DISK_WR_SECT]);
}

static void devices_print(FILE *out, const struct usage *now, domid_t domid,
                          enum backend_kind kind)
{
    size_t i;

    for (i = 0; i < now->nr_devices; i++) {
        const struct backend_stats *d = &now->device[i];

        if (d->domid != domid || d->kind != kind)
            continue;
        if (kind == BACKEND_NET)
            net_print(out, d);
        else
            disk_print(out, d);
    }
}

int top_batch_print(struct xl *xl, const struct top_table *table,
                    const struct usage *now, const struct top_options *options,
                    struct error **err_out)
{
    size_t i;
    int rc = 0;

    for (i = 0; i < table->nr && !rc; i++) {
        const struct top_row *row = &table->row[i];

        if (i == 0 || options->repeat_header)
            header_print(xl->out);
        row_print(xl->out, table, row, options->full_names);
        if (options->vcpus)
            rc = vcpus_print(xl, row, err_out);
        if (options->networks)
            devices_print(xl->out, now, row->domid, BACKEND_NET);
        if (options->disks)
            devices_print(xl->out, now, row->domid, BACKEND_DISK);
    }
    return rc;
}

static void row_json(struct json *j, const struct top_row *row)
{
    const struct usage_devices *d = &row->devices;

    json_object(j, NULL);
    json_text(j, "name", row->name);
    json_int(j, "domid", row->domid);
    json_text(j, "state", row->state);
    json_real(j, "cpu_seconds", (double)row->info.cpu_time / 1e9, 1);
    json_real(j, "cpu_percent", row->rates.cpu_percent, 1);
    json_int(j, "memory_kib", (int64_t)row->info.tot_pages * KIB_PER_PAGE);
    json_int(j, "vcpus", row->info.nr_online_vcpus);
    json_int(j, "disks", d->nr_disks);
    json_int(j, "disk_read_bytes", (int64_t)d->disk[DISK_RD_SECT] * 512);
    json_int(j, "disk_written_bytes", (int64_t)d->disk[DISK_WR_SECT] * 512);
    json_real(j, "disk_read_per_second", row->rates.disk_read, 1);
    json_real(j, "disk_written_per_second", row->rates.disk_written, 1);
    json_int(j, "networks", d->nr_nets);
    json_int(j, "sent_bytes", (int64_t)d->net[NET_RX_BYTES]);
    json_int(j, "received_bytes", (int64_t)d->net[NET_TX_BYTES]);
    json_real(j, "sent_per_second", row->rates.net_sent, 1);
    json_real(j, "received_per_second", row->rates.net_received, 1);
    json_object_end(j);
}

int top_json_print(struct xl *xl, const struct top_table *table,
                   struct error **err_out)
{
    struct json *j = json_new();
    size_t i;

    if (!j)
        return out_of_memory(err_out);
    json_object(j, NULL);
    json_object(j, "host");
    json_int(j, "memory_kib", (int64_t)table->host_kib);
    json_int(j, "free_kib", (int64_t)table->free_kib);
    json_int(j, "cpus", table->nr_cpus);
    json_int(j, "cpu_khz", table->cpu_khz);
    json_object_end(j);
    json_array(j, "domains");
    for (i = 0; i < table->nr; i++)
        row_json(j, &table->row[i]);
    json_array_end(j);
    json_object_end(j);
    json_finish(j, xl->out);
    return 0;
}
