/* SPDX-License-Identifier: MIT */
/* Keys of xl.cfg: what is taken, under which old names, what is refused. */
#include "toolstack/config_keys.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "toolstack/cpuid_config.h"

static int wrong_kind(struct error **err_out, const char *wanted)
{
    return error_set(err_out, ERROR_CONFIG, -EINVAL, "wants %s", wanted);
}

static int set_uuid(struct vm_config *config, const struct config_value *value,
                    struct error **err_out)
{
    if (value->kind != CONFIG_TEXT || uuid_parse(value->text, config->uuid))
        return wrong_kind(err_out, "a UUID: 8-4-4-4-12 hexadecimal digits");
    config->has_uuid = true;
    return 0;
}

static int set_type(struct vm_config *config, const struct config_value *value,
                    struct error **err_out)
{
    (void)config;
    if (value->kind != CONFIG_TEXT)
        return wrong_kind(err_out, "\"pv\"");
    if (!strcmp(value->text, "pv") || !strcmp(value->text, "generic") ||
        !strcmp(value->text, "linux"))
        return 0;
    error_set(err_out, ERROR_CONFIG, -EINVAL,
              "'%s': only PV guests are supported", value->text);
    return error_hint(err_out, "say type = \"pv\", or leave it out");
}

/* One set for all vcpus, or a list with one for each. */
static int set_cpus_list(char **cpus, size_t *nr,
                         const struct config_value *value,
                         struct error **err_out)
{
    const struct config_value *one = value;
    size_t i;

    if (value->kind == CONFIG_LIST && value->nr > CONFIG_MAX_VCPUS)
        return wrong_kind(err_out, "no more sets than there can be vcpus");
    /* There may be one already, by the key's old name. */
    while (*nr) {
        free(cpus[--*nr]);
        cpus[*nr] = NULL;
    }
    *nr = value->kind == CONFIG_LIST ? value->nr : 1;
    for (i = 0; i < *nr; i++) {
        if (value->kind == CONFIG_LIST)
            one = value->item[i];
        if (one->kind == CONFIG_LIST)
            return wrong_kind(err_out, "a set of CPUs, or a list of them");
        cpus[i] = strdup(one->text);
        if (!cpus[i])
            return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM,
                             "out of memory");
    }
    return 0;
}

static int set_cpus(struct vm_config *config, const struct config_value *value,
                    struct error **err_out)
{
    return set_cpus_list(config->cpus, &config->nr_cpus, value, err_out);
}

static int set_cpus_soft(struct vm_config *config,
                         const struct config_value *value,
                         struct error **err_out)
{
    return set_cpus_list(config->cpus_soft, &config->nr_cpus_soft, value,
                         err_out);
}

/* A text, or a list of texts with a leaf each. */
static int set_cpuid(struct vm_config *config, const struct config_value *value,
                     struct error **err_out)
{
    size_t size, i;
    FILE *out;

    free(config->cpuid);
    config->cpuid = NULL;
    out = open_memstream(&config->cpuid, &size);
    if (!out)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    if (value->kind != CONFIG_LIST)
        fputs(value->text, out);
    for (i = 0; value->kind == CONFIG_LIST && i < value->nr; i++)
        fprintf(out, "%s%s", i ? ";" : "",
                value->item[i]->kind == CONFIG_LIST ? "[]"
                                                    : value->item[i]->text);
    if (fclose(out))
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    return cpuid_config_check(config->cpuid, err_out);
}

/* Numbers and names are the stock tool's. */
static const char *const tsc_modes[] = {"default", "always_emulate", "native",
                                        "native_paravirt"};

const char *vm_tsc_mode_name(long mode)
{
    return tsc_modes[mode];
}

static int set_tsc_mode(struct vm_config *config,
                        const struct config_value *value,
                        struct error **err_out)
{
    char number[] = "0";
    long i;

    for (i = 0; value->kind != CONFIG_LIST && i < 4; i++, number[0]++)
        if (!strcmp(value->text, tsc_modes[i]) ||
            !strcmp(value->text, number)) {
            config->tsc_mode = i;
            return 0;
        }
    return wrong_kind(err_out, "default, always_emulate, native or "
                               "native_paravirt");
}

/* A soft reset itself, which keeps the domain, is not there: the guest starts
 * anew. */
static int set_soft_reset(struct vm_config *config,
                          const struct config_value *value,
                          struct error **err_out)
{
    static const enum vm_action actions[] = {VM_DESTROY, VM_RESTART,
                                             VM_RENAME_RESTART, VM_PRESERVE};
    size_t i;

    if (value->kind == CONFIG_TEXT && !strcmp(value->text, "soft-reset")) {
        config->on_soft_reset = VM_RESTART;
        return 0;
    }
    for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        if (value->kind == CONFIG_TEXT &&
            !strcmp(value->text, vm_action_name(actions[i]))) {
            config->on_soft_reset = actions[i];
            return 0;
        }
    return wrong_kind(err_out, "soft-reset, destroy, restart, rename-restart "
                               "or preserve");
}

/* Texts of a list. */
static int texts_check(const struct config_value *value, struct error **err_out)
{
    size_t i;

    for (i = 0; i < value->nr; i++)
        if (value->item[i]->kind != CONFIG_TEXT)
            break;
    return value->kind == CONFIG_LIST && i == value->nr
               ? 0
               : wrong_kind(err_out, "a list of texts");
}

/* Two of a guest's disks can't have one number. */
static int disk_number_check(const struct vm_config *config,
                             struct error **err_out)
{
    const struct disk_config *last = &config->disk[config->nr_disks - 1];
    size_t i;

    for (i = 0; i + 1 < config->nr_disks; i++)
        if (config->disk[i].number == last->number)
            return error_set(err_out, ERROR_CONFIG, -EEXIST,
                             "there is another '%s'", last->vdev);
    return 0;
}

static int set_disk(struct vm_config *config, const struct config_value *value,
                    struct error **err_out)
{
    size_t i;
    int rc = texts_check(value, err_out);

    if (rc)
        return rc;
    config->disk = calloc(value->nr + 1, sizeof(*config->disk));
    if (!config->disk)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    for (i = 0; i < value->nr; i++) {
        rc = disk_config_parse(value->item[i]->text, &config->disk[i], err_out);
        if (!rc) {
            config->nr_disks++;
            rc = disk_number_check(config, err_out);
        }
        if (rc)
            return error_wrap(err_out, "[%zu]", i);
    }
    return 0;
}

/* Nor two of its interfaces. */
static int vif_number_check(const struct vm_config *config,
                            struct error **err_out)
{
    const struct vif_config *last = &config->vif[config->nr_vifs - 1];
    size_t i;

    for (i = 0; last->devid >= 0 && i + 1 < config->nr_vifs; i++)
        if (config->vif[i].devid == last->devid)
            return error_set(err_out, ERROR_CONFIG, -EEXIST,
                             "there is another with devid %ld", last->devid);
    return 0;
}

static int set_vif(struct vm_config *config, const struct config_value *value,
                   struct error **err_out)
{
    size_t i;
    int rc = texts_check(value, err_out);

    if (rc)
        return rc;
    config->vif = calloc(value->nr + 1, sizeof(*config->vif));
    if (!config->vif)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    for (i = 0; i < value->nr; i++) {
        rc = vif_config_parse(value->item[i]->text, &config->vif[i], err_out);
        if (!rc) {
            config->nr_vifs++;
            rc = vif_number_check(config, err_out);
        }
        if (rc)
            return error_wrap(err_out, "[%zu]", i);
    }
    return 0;
}

/* Nor can the guest tell two channels of one name apart. */
static int channel_name_check(const struct vm_config *config,
                              struct error **err_out)
{
    const struct channel_config *last =
        &config->channel[config->nr_channels - 1];
    size_t i;

    for (i = 0; i + 1 < config->nr_channels; i++) {
        if (!strcmp(config->channel[i].name, last->name))
            return error_set(err_out, ERROR_CONFIG, -EEXIST,
                             "there is another called '%s'", last->name);
        if (last->is_socket && config->channel[i].is_socket &&
            !strcmp(config->channel[i].path, last->path))
            return error_set(err_out, ERROR_CONFIG, -EEXIST,
                             "there is another at '%s'", last->path);
    }
    return 0;
}

static int set_channel(struct vm_config *config,
                       const struct config_value *value, struct error **err_out)
{
    size_t i;
    int rc = texts_check(value, err_out);

    if (!rc && value->nr > CONFIG_MAX_CHANNELS)
        rc = error_set(err_out, ERROR_CONFIG, -EINVAL,
                       "a guest can have %d channels", CONFIG_MAX_CHANNELS);
    if (rc)
        return rc;
    config->channel = calloc(value->nr + 1, sizeof(*config->channel));
    if (!config->channel)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    for (i = 0; i < value->nr; i++) {
        rc = channel_config_parse(value->item[i]->text, &config->channel[i],
                                  err_out);
        if (!rc) {
            config->nr_channels++;
            rc = channel_name_check(config, err_out);
        }
        if (rc)
            return error_wrap(err_out, "[%zu]", i);
    }
    return 0;
}

#define TEXT(name, field, help)                                                \
    {                                                                          \
        name, KEY_TEXT, offsetof(struct vm_config, field), 0, 0, NULL, help    \
    }
#define NUMBER(name, field, min, max, help)                                    \
    {                                                                          \
        name, KEY_NUMBER, offsetof(struct vm_config, field), min, max, NULL,   \
            help                                                               \
    }
#define ACTION(name, field, help)                                              \
    {                                                                          \
        name, KEY_ACTION, offsetof(struct vm_config, field), 0, 0, NULL, help  \
    }
#define SPECIAL(name, set, help)                                               \
    {                                                                          \
        name, KEY_SPECIAL, 0, 0, 0, set, help                                  \
    }
#define ALIAS(name, other)                                                     \
    {                                                                          \
        name, KEY_ALIAS, 0, 0, 0, NULL, other                                  \
    }
#define REFUSED(name, why)                                                     \
    {                                                                          \
        name, KEY_REFUSED, 0, 0, 0, NULL, why                                  \
    }

#define IGNORED(name, why)                                                     \
    {                                                                          \
        name, KEY_IGNORED, 0, 0, 0, NULL, why                                  \
    }

#define HVM "only HVM guests have it"
#define ARM "only guests on Arm have it"
#define PVH "only PVH and HVM guests have it"
#define SCREEN                                                                 \
    "no guest has a screen here: its console is what `xl console` shows"
#define HARDWARE "hardware of the host can't be given to guests"
#define NO_CLASS "this class of devices has no backend here"
#define RTDS                                                                   \
    "there is no such scheduler: cpu_weight and cap set a guest's share"
#define NO_XSM  "the hypervisor has no security module"
#define NOT_YET "not supported yet"

#define MAX_MIB (LONG_MAX >> 20)

/* clang-format off */
const struct config_key config_keys[] = {
    TEXT("name", name, "name of the domain"),
    SPECIAL("uuid", set_uuid, "its UUID; a random one without this"),
    SPECIAL("type", set_type, "kind of guest: pv"),
    SPECIAL("builder", set_type, "older name of type: generic"),
    NUMBER("memory", memory_mib, 1, MAX_MIB, "memory at start, in MiB"),
    NUMBER("maxmem", max_memory_mib, 1, MAX_MIB, "most memory that it may have, in MiB"),
    NUMBER("vcpus", vcpus, 1, CONFIG_MAX_VCPUS, "vcpus at start"),
    NUMBER("maxvcpus", max_vcpus, 1, CONFIG_MAX_VCPUS, "most vcpus that it may have"),
    SPECIAL("cpus", set_cpus, "CPUs on which its vcpus may run"),
    SPECIAL("cpus_soft", set_cpus_soft, "CPUs on which they should run"),
    NUMBER("cpu_weight", cpu_weight, 1, 65535, "share of the CPUs; 256 is usual"),
    NUMBER("cap", cap, 0, 65535, "most CPU time, per cent of one CPU; 0: no limit"),
    TEXT("bootloader", bootloader, "pygrub or pvgrub: GRUB starts the kernel on its disk"),
    TEXT("bootloader_args", bootloader_args, "taken, without effect"),
    TEXT("firmware", firmware, "pvgrub64: the same as bootloader"),
    TEXT("kernel", kernel, "file of the kernel"),
    TEXT("ramdisk", ramdisk, "file of the initial RAM disk"),
    TEXT("cmdline", cmdline, "command line of the kernel"),
    TEXT("root", root, "root= on the command line"),
    TEXT("extra", extra, "more of the command line"),
    ACTION("on_poweroff", on_poweroff, "what to do when it powers off: destroy"),
    ACTION("on_reboot", on_reboot, "when it reboots: restart"),
    ACTION("on_crash", on_crash, "when it crashes: destroy"),
    ACTION("on_watchdog", on_watchdog, "when its watchdog ends it: destroy"),
    SPECIAL("on_soft_reset", set_soft_reset, "when it asks for a soft reset: restart"),
    TEXT("pool", pool, "pool of CPUs that it runs in"),
    SPECIAL("cpuid", set_cpuid, "features that it is told of: host,avx=0,.. or 7,0:ebx=xx..0"),
    SPECIAL("tsc_mode", set_tsc_mode, "whether its TSC is the machine's: default, always_emulate, native"),
    NUMBER("localtime", local_time, 0, 1, "1: its clock is set to the host's local time"),
    NUMBER("rtc_timeoffset", time_offset, INT_MIN, INT_MAX, "seconds by which its clock is ahead"),
    NUMBER("nomigrate", no_migrate, 0, 1, "1: it is neither saved nor migrated"),
    SPECIAL("disk", set_disk, "its disks"),
    SPECIAL("vif", set_vif, "its network interfaces"),
    SPECIAL("channel", set_channel, "byte streams to programs: name=..,connection=pty"),
    NUMBER("max_grant_frames", max_grant_frames, 1, 4096, "pages of its grant table"),
    NUMBER("max_maptrack_frames", max_maptrack_frames, 0, 65536, "pages that track its mappings"),
    NUMBER("max_grant_version", max_grant_version, 1, 2, "newest form of grant table"),
    NUMBER("max_event_channels", max_event_channels, 1, 131071, "highest event channel"),

    /* What other programs write for PV guests, but xl never read. */
    ALIAS("cpu", "cpus"),
    ALIAS("cpu_cap", "cap"),
    ALIAS("bootargs", "bootloader_args"),

    IGNORED("seclabel", NO_XSM),
    IGNORED("init_seclabel", NO_XSM),

    REFUSED("driver_domain", "only the control domain serves devices"),
    REFUSED("e820_host", "a guest sees a memory map of its own"),
    REFUSED("pci", HARDWARE), REFUSED("pci_permissive", HARDWARE),
    REFUSED("pci_msitranslate", HARDWARE), REFUSED("pci_power_mgmt", HARDWARE),
    REFUSED("pci_seize", HARDWARE), REFUSED("ioports", HARDWARE),
    REFUSED("iomem", HARDWARE), REFUSED("irqs", HARDWARE),
    REFUSED("passthrough", HARDWARE), REFUSED("p9", NO_CLASS),
    REFUSED("pvcalls", NO_CLASS), REFUSED("vkb", NO_CLASS),
    REFUSED("vfb", SCREEN), REFUSED("vnc", SCREEN),
    REFUSED("vnclisten", SCREEN), REFUSED("vncdisplay", SCREEN),
    REFUSED("vncunused", SCREEN), REFUSED("vncpasswd", SCREEN),
    REFUSED("keymap", SCREEN),
    REFUSED("device_model_args_pv", "a PV guest has no device model"),
    REFUSED("vnuma", "the memory of a PV guest is one node"),
    REFUSED("vpmu", "performance counters are not given to guests"),
    REFUSED("mca_caps", HVM),
    REFUSED("msr_relaxed", "what a PV guest may read is fixed"),
    REFUSED("xend_suspend_evtchn_compat", "xend has been gone for long"),
    REFUSED("period", RTDS), REFUSED("extratime", RTDS),
    REFUSED("latency", RTDS), REFUSED("slice", RTDS),
    REFUSED("vtpm", NO_CLASS), REFUSED("usbctrl", NO_CLASS),
    REFUSED("usbdev", NO_CLASS), REFUSED("vdispl", NO_CLASS),
    REFUSED("vsnd", NO_CLASS), REFUSED("rdm", HARDWARE),
    REFUSED("rdm_mem_boundary", HARDWARE), REFUSED("dtdev", ARM),
    REFUSED("gfx_passthru", HARDWARE), REFUSED("spice", HVM),
    REFUSED("spicehost", HVM), REFUSED("spiceport", HVM),
    REFUSED("spicetls_port", HVM), REFUSED("spicedisable_ticketing", HVM),
    REFUSED("spicepasswd", HVM), REFUSED("spiceagent_mouse", HVM),
    REFUSED("spicevdagent", HVM), REFUSED("spice_clipboard_sharing", HVM),
    REFUSED("spiceusbredirection", HVM), REFUSED("spice_image_compression", HVM),
    REFUSED("spice_streaming_video", HVM), REFUSED("sdl", SCREEN),
    REFUSED("opengl", SCREEN), REFUSED("display", SCREEN),
    REFUSED("xauthority", SCREEN), REFUSED("pvshim", PVH),
    REFUSED("pvshim_path", PVH), REFUSED("pvshim_cmdline", PVH),
    REFUSED("pvshim_extra", PVH), REFUSED("hap", PVH), REFUSED("oos", PVH),
    REFUSED("shadow_memory", PVH), REFUSED("timer_mode", PVH),
    REFUSED("nestedhvm", PVH), REFUSED("acpi", HVM), REFUSED("acpi_s3", HVM),
    REFUSED("acpi_s4", HVM), REFUSED("acpi_laptop_slate", HVM),
    REFUSED("acpi_firmware", HVM), REFUSED("smbios_firmware", HVM),
    REFUSED("apic", HVM), REFUSED("pae", HVM), REFUSED("nx", HVM),
    REFUSED("hpet", HVM), REFUSED("altp2m", HVM), REFUSED("altp2mhvm", HVM),
    REFUSED("bios", HVM), REFUSED("bios_path_override", HVM),
    REFUSED("firmware_override", HVM), REFUSED("boot", HVM),
    REFUSED("hdtype", HVM), REFUSED("serial", HVM), REFUSED("soundhw", HVM),
    REFUSED("stdvga", HVM), REFUSED("vga", HVM), REFUSED("videoram", HVM),
    REFUSED("nographic", HVM), REFUSED("usb", HVM), REFUSED("usbversion", HVM),
    REFUSED("usbdevice", HVM), REFUSED("viridian", HVM),
    REFUSED("vpt_align", HVM), REFUSED("mmio_hole", HVM),
    REFUSED("ms_vm_genid", HVM), REFUSED("xen_platform_pci", HVM),
    REFUSED("vendor_device", HVM), REFUSED("vkb_device", HVM),
    REFUSED("vmtrace_buf_kb", HVM), REFUSED("dm_restrict", HVM),
    REFUSED("device_model", HVM), REFUSED("device_model_version", HVM),
    REFUSED("device_model_override", HVM), REFUSED("device_model_user", HVM),
    REFUSED("device_model_args", HVM), REFUSED("device_model_args_hvm", HVM),
    REFUSED("device_model_stubdomain_override", HVM),
    REFUSED("device_model_stubdomain_seclabel", HVM),
    REFUSED("stubdomain_kernel", HVM), REFUSED("stubdomain_cmdline", HVM),
    REFUSED("stubdomain_ramdisk", HVM), REFUSED("stubdomain_memory", HVM),
    REFUSED("device_tree", ARM), REFUSED("gic_version", ARM),
    REFUSED("tee", ARM), REFUSED("vuart", ARM),
    REFUSED("vif2", "its form is no longer used"),
    REFUSED("vncviewer", "start the viewer yourself"),
};
/* clang-format on */

const size_t nr_config_keys = sizeof(config_keys) / sizeof(config_keys[0]);
