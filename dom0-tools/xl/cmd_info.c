/* SPDX-License-Identifier: MIT */
/* xl info: the host, its hypervisor, their versions. */
#include "xl/cmd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "lib/json.h"
#include "lib/memory.h"
#include "lib/sysctl.h"
#include "lib/version.h"
#include "xl/pci_places.h"

#define PAGES_PER_MIB 256

const struct option_row info_options[] = {
    {.id = 'n',
     .name = "numa",
     .help = "also places of CPUs, and memory nodes"},
    {0},
};

/* All that is known, read before anything is printed. */
struct host {
    struct utsname uts;
    struct xen_sysctl_physinfo phys;
    struct version_info version;
    unsigned int sched_id;
    unsigned int free_cpus;
    uint64_t sharing_freed; /* pages */
    uint64_t sharing_used;
    struct xen_sysctl_cputopo *topology;
    size_t nr_topology;
    struct numa_info numa;
    struct pci_places pci;
};

/* One line: a name, and a number or a text. */
struct field {
    const char *name;
    bool is_number;
    char value[1200];
};

#define MAX_FIELDS 48
struct fields {
    size_t nr;
    size_t nr_host; /* of these, the ones before the version's */
    struct field field[MAX_FIELDS];
};

static void text_add(struct fields *f, const char *name, const char *format,
                     ...) __attribute__((format(printf, 3, 4)));

static void text_add(struct fields *f, const char *name, const char *format,
                     ...)
{
    struct field *field = &f->field[f->nr++];
    va_list args;

    field->name = name;
    va_start(args, format);
    vsnprintf(field->value, sizeof(field->value), format, args);
    va_end(args);
}

static void number_add(struct fields *f, const char *name, uint64_t value)
{
    f->field[f->nr].is_number = true;
    text_add(f, name, "%" PRIu64, value);
}

static void hw_caps_add(struct fields *f, const uint32_t *cap)
{
    text_add(f, "hw_caps", "%08x:%08x:%08x:%08x:%08x:%08x:%08x:%08x", cap[0],
             cap[1], cap[2], cap[3], cap[4], cap[5], cap[6], cap[7]);
}

/* Words for the capabilities, in the order in which they are shown. */
static void virt_caps_add(struct fields *f, uint32_t caps)
{
    static const struct {
        uint32_t bits;
        const char *word;
    } words[] = {
        {XEN_SYSCTL_PHYSCAP_pv, "pv"},
        {XEN_SYSCTL_PHYSCAP_hvm, "hvm"},
        {XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_directio, "hvm_directio"},
        {XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_directio, "pv_directio"},
        {XEN_SYSCTL_PHYSCAP_hap, "hap"},
        {XEN_SYSCTL_PHYSCAP_shadow, "shadow"},
        {XEN_SYSCTL_PHYSCAP_iommu_hap_pt_share, "iommu_hap_pt_share"},
        {XEN_SYSCTL_PHYSCAP_vmtrace, "vmtrace"},
        {XEN_SYSCTL_PHYSCAP_vpmu, "vpmu"},
        {XEN_SYSCTL_PHYSCAP_gnttab_v1, "gnttab-v1"},
        {XEN_SYSCTL_PHYSCAP_gnttab_v2, "gnttab-v2"},
    };
    char text[256] = "";
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if ((caps & words[i].bits) == words[i].bits) {
            strcat(text, *text ? " " : "");
            strcat(text, words[i].word);
        }
    text_add(f, "virt_caps", "%s", text);
}

static void host_fields(struct fields *f, const struct host *h)
{
    const struct xen_sysctl_physinfo *phys = &h->phys;

    text_add(f, "host", "%s", h->uts.nodename);
    text_add(f, "release", "%s", h->uts.release);
    text_add(f, "version", "%s", h->uts.version);
    text_add(f, "machine", "%s", h->uts.machine);
    number_add(f, "nr_cpus", phys->nr_cpus);
    number_add(f, "max_cpu_id", phys->max_cpu_id);
    number_add(f, "nr_nodes", phys->nr_nodes);
    number_add(f, "cores_per_socket", phys->cores_per_socket);
    number_add(f, "threads_per_core", phys->threads_per_core);
    f->field[f->nr].is_number = true;
    text_add(f, "cpu_mhz", "%u.%03u", phys->cpu_khz / 1000,
             phys->cpu_khz % 1000);
    hw_caps_add(f, phys->hw_cap);
    virt_caps_add(f, phys->capabilities);
    number_add(f, "total_memory", phys->total_pages / PAGES_PER_MIB);
    number_add(f, "free_memory",
               (phys->free_pages - phys->outstanding_pages) / PAGES_PER_MIB);
    number_add(f, "sharing_freed_memory", h->sharing_freed / PAGES_PER_MIB);
    number_add(f, "sharing_used_memory", h->sharing_used / PAGES_PER_MIB);
    number_add(f, "outstanding_claims",
               phys->outstanding_pages / PAGES_PER_MIB);
    number_add(f, "free_cpus", h->free_cpus);
    f->nr_host = f->nr;
}

static void version_fields(struct fields *f, const struct host *h)
{
    const struct version_info *v = &h->version;

    number_add(f, "xen_major", v->major);
    number_add(f, "xen_minor", v->minor);
    text_add(f, "xen_extra", "%s", v->extra);
    text_add(f, "xen_version", "%u.%u%s", v->major, v->minor, v->extra);
    text_add(f, "xen_caps", "%s", v->capabilities);
    text_add(f, "xen_scheduler", "%s", sched_name(h->sched_id));
    number_add(f, "xen_pagesize", v->page_size);
    text_add(f, "platform_params", "virt_start=0x%" PRIx64, v->virt_start);
    text_add(f, "xen_changeset", "%s", v->changeset);
    text_add(f, "xen_commandline", "%s", v->command_line);
    text_add(f, "cc_compiler", "%s", v->compile.compiler);
    text_add(f, "cc_compile_by", "%s", v->compile.compile_by);
    text_add(f, "cc_compile_domain", "%s", v->compile.compile_domain);
    text_add(f, "cc_compile_date", "%s", v->compile.compile_date);
    text_add(f, "build_id", "%s", v->build_id);
    number_add(f, "xend_config_format", 4);
}

static void field_print(FILE *out, const struct field *field)
{
    fprintf(out, "%-23s: %s\n", field->name, field->value);
}

static void numa_print(FILE *out, const struct host *h)
{
    size_t i, j;

    fputs("cpu_topology           :\n"
          "cpu:    core    socket     node\n",
          out);
    for (i = 0; i < h->nr_topology; i++)
        if (h->topology[i].core != XEN_INVALID_CORE_ID)
            fprintf(out, "%3zu:    %4u     %4u     %4u\n", i,
                    h->topology[i].core, h->topology[i].socket,
                    h->topology[i].node);
    pci_places_print(out, &h->pci);
    fputs("numa_info              :\n"
          "node:    memsize    memfree    distances\n",
          out);
    for (i = 0; i < h->numa.nr; i++) {
        fprintf(out, "%4zu:    %6" PRIu64 "     %6" PRIu64 "      ", i,
                h->numa.memory[i].memsize >> 20,
                h->numa.memory[i].memfree >> 20);
        for (j = 0; j < h->numa.nr; j++)
            fprintf(out, "%s%u", j ? "," : "",
                    h->numa.distance[i * h->numa.nr + j]);
        fputc('\n', out);
    }
}

static void fields_print(FILE *out, const struct fields *f,
                         const struct host *numa)
{
    size_t i;

    for (i = 0; i < f->nr; i++) {
        if (i == f->nr_host && numa)
            numa_print(out, numa);
        field_print(out, &f->field[i]);
    }
}

static void numa_json(struct json *j, const struct host *h)
{
    size_t i, k;

    json_array(j, "cpu_topology");
    for (i = 0; i < h->nr_topology; i++) {
        json_object(j, NULL);
        json_int(j, "cpu", (int64_t)i);
        json_int(j, "core", h->topology[i].core);
        json_int(j, "socket", h->topology[i].socket);
        json_int(j, "node", h->topology[i].node);
        json_object_end(j);
    }
    json_array_end(j);
    pci_places_json(j, &h->pci);
    json_array(j, "numa_info");
    for (i = 0; i < h->numa.nr; i++) {
        json_object(j, NULL);
        json_int(j, "node", (int64_t)i);
        json_int(j, "memsize", (int64_t)h->numa.memory[i].memsize);
        json_int(j, "memfree", (int64_t)h->numa.memory[i].memfree);
        json_array(j, "distances");
        for (k = 0; k < h->numa.nr; k++)
            json_int(j, NULL, h->numa.distance[i * h->numa.nr + k]);
        json_array_end(j);
        json_object_end(j);
    }
    json_array_end(j);
}

static int fields_json(FILE *out, const struct fields *f,
                       const struct host *numa, struct error **err_out)
{
    struct json *j = json_new();
    size_t i;

    if (!j)
        return out_of_memory(err_out);
    json_object(j, NULL);
    for (i = 0; i < f->nr; i++) {
        const struct field *field = &f->field[i];

        if (field->is_number && strchr(field->value, '.'))
            json_real(j, field->name, strtod(field->value, NULL), 3);
        else if (field->is_number)
            json_int(j, field->name, strtoll(field->value, NULL, 10));
        else
            json_text(j, field->name, field->value);
    }
    if (numa)
        numa_json(j, numa);
    json_object_end(j);
    json_finish(j, out);
    return 0;
}

static int free_cpus_read(struct privcmd *p, unsigned int *nr_out,
                          struct error **err_out)
{
    struct cpupool_info pool;
    int rc = sysctl_free_cpus(p, &pool, nr_out, err_out);

    if (!rc)
        free(pool.cpumap);
    return rc;
}

static int host_read(struct xl *xl, struct host *h, struct error **err_out)
{
    struct privcmd *p;
    int rc = xl_hypervisor(xl, &p, err_out);

    if (uname(&h->uts))
        memset(&h->uts, 0, sizeof(h->uts));
    if (!rc)
        rc = sysctl_physinfo(p, &h->phys, err_out);
    if (!rc)
        rc = memory_sharing(p, &h->sharing_freed, &h->sharing_used, err_out);
    if (!rc)
        rc = free_cpus_read(p, &h->free_cpus, err_out);
    if (!rc)
        rc = sysctl_sched_id(p, &h->sched_id, err_out);
    if (!rc)
        rc = version_read(p, &h->version, err_out);
    if (!rc && xl_has(xl, 'n'))
        rc = sysctl_cpu_topology(p, &h->topology, &h->nr_topology, err_out);
    if (!rc && xl_has(xl, 'n'))
        rc = sysctl_numa(p, &h->numa, err_out);
    if (!rc && xl_has(xl, 'n'))
        rc = pci_places_read(p, &h->pci, err_out);
    return rc;
}

/* The value of the one field that was asked for. */
static int one_field(FILE *out, const struct fields *f, const char *name,
                     struct error **err_out)
{
    size_t i;

    for (i = 0; i < f->nr; i++)
        if (!strcmp(f->field[i].name, name)) {
            fprintf(out, "%s\n", f->field[i].value);
            return 0;
        }
    error_set(err_out, ERROR_USAGE, -EINVAL, "%s: no such field", name);
    return error_hint(err_out, "`xl info` shows all of them");
}

int cmd_info(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    struct fields *f = calloc(1, sizeof(*f));
    struct host h = {0};
    int rc;

    if (!f)
        return out_of_memory(err_out);
    rc = host_read(xl, &h, err_out);
    if (!rc) {
        const struct host *numa = xl_has(xl, 'n') ? &h : NULL;

        host_fields(f, &h);
        version_fields(f, &h);
        if (nr_args)
            rc = one_field(xl->out, f, args[0], err_out);
        else if (xl->json)
            rc = fields_json(xl->out, f, numa, err_out);
        else
            fields_print(xl->out, f, numa);
    }
    free(h.topology);
    numa_info_free(&h.numa);
    pci_places_free(&h.pci);
    free(f);
    return rc;
}
