/* SPDX-License-Identifier: MIT */
/* What a guest is told of the CPU; see cpuid_config.h. */
#include "toolstack/cpuid_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "toolstack/suggest.h"

#define NO_SUBLEAF 0xffffffffu

/* One register: names of its bits from 0 on, `.` for those without one. */
/* clang-format off */
static const struct feature_word {
    uint32_t leaf, subleaf;
    char reg; /* of a, b, c, d */
    const char *names;
} words[] = {
    {1, 0, 'd', "fpu vme de pse tsc msr pae mce cx8 apic . sep mtrr pge mca cmov "
                "pat pse36 . clfsh . ds acpi mmx fxsr sse sse2 ss htt tm1 . pbe"},
    {1, 0, 'c', "sse3 pclmulqdq dtes64 monitor dscpl vmx smx eist tm2 ssse3 . . "
                "fma cx16 xtpr pdcm . pcid dca sse4-1 sse4-2 x2apic movbe popcnt "
                "tsc-deadline aesni xsave osxsave avx f16c rdrand hypervisor"},
    {7, 0, 'b', "fsgsbase tsc-adjust sgx bmi1 hle avx2 fdp-excp-only smep bmi2 erms "
                "invpcid rtm pqm no-fpu-sel mpx pqe avx512f avx512dq rdseed adx smap "
                "avx512-ifma . clflushopt clwb proc-trace avx512pf avx512er avx512cd "
                "sha avx512bw avx512vl"},
    {7, 0, 'c', "prefetchwt1 avx512-vbmi umip pku ospke . avx512-vbmi2 cet-ss gfni "
                "vaes vpclmulqdq avx512-vnni avx512-bitalg . avx512-vpopcntdq "
                ". . . . . . . rdpid . . cldemote . movdiri movdir64b enqcmd"},
    {7, 0, 'd', ". . avx512-4vnniw avx512-4fmaps fsrm . . . avx512-vp2intersect "
                "srbds-ctrl md-clear rtm-always-abort . tsx-force-abort serialize "
                "hybrid tsxldtrk . . . cet-ibt . . avx512-fp16 . . ibrsb stibp "
                "l1d-flush arch-caps core-caps ssbd"},
    {7, 1, 'a', ". . . . avx-vnni avx512-bf16 . . . . fzrm fsrs fsrcs"},
    {0xd, 1, 'a', "xsaveopt xsavec xgetbv1 xsaves"},
    {0x80000001, 0, 'c', "lahf-lm cmp-legacy svm extapic cr8-legacy abm sse4a "
                         "misalignsse 3dnowprefetch osvw ibs xop skinit wdt . lwp "
                         "fma4 . . nodeid-msr . tbm topoext . . . dbext . . monitorx"},
    {0x80000001, 0, 'd', ". . . . . . . . . . . syscall . . . . . . . . nx . mmxext "
                         ". . ffxsr page1gb rdtscp . lm 3dnowext 3dnow"},
    {0x80000007, 0, 'd', ". . . . . . . hw-pstate itsc cpb efro"},
    {0x80000008, 0, 'b', "clzero . rstr-fp-err-ptrs . . . . . . wbnoinvd . . ibpb . "
                         "ibrs amd-stibp ibrs-always stibp-always ibrs-fast "
                         "ibrs-same-mode no-lmsl . . amd-ppin amd-ssbd virt-ssbd "
                         "ssb-no . psfd btc-no ibpb-ret"},
};
/* clang-format on */
#define NR_WORDS (sizeof(words) / sizeof(words[0]))

/* What takes a number: a field of bits, or two: the second one has the number's
 * upper bits or, of a sum, what is more than fits into the first. Source: SDM
 * 2A CPUID, APM 3 E. */
static const struct number_field {
    const char *name;
    uint32_t leaf;
    char reg;
    unsigned char shift, width;
    unsigned char upper_shift, upper_width;
    bool is_sum;
} numbers[] = {
    {"maxleaf", 0, 'a', 0, 32, 0, 0, false},
    {"stepping", 1, 'a', 0, 4, 0, 0, false},
    {"model", 1, 'a', 4, 4, 16, 4, false},
    {"family", 1, 'a', 8, 4, 20, 8, true},
    {"brandid", 1, 'b', 0, 8, 0, 0, false},
    {"clflush", 1, 'b', 8, 8, 0, 0, false},
    {"proccount", 1, 'b', 16, 8, 0, 0, false},
    {"localapicid", 1, 'b', 24, 8, 0, 0, false},
    {"procpkg", 4, 'a', 26, 6, 0, 0, false},
    {"maxhvleaf", 0x40000000, 'a', 0, 32, 0, 0, false},
    {"nc", 0x80000008, 'c', 0, 8, 0, 0, false},
    {"apicidsize", 0x80000008, 'c', 12, 4, 0, 0, false},
};
#define NR_NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

/* Bits of one register that are forced. */
struct change {
    uint32_t leaf, subleaf;
    char reg;
    uint32_t clear, set;
    bool is_number; /* bits that are cleared count, too */
};

/* Who wants the changes, one by one. Returns 0 or -errno. */
typedef int change_fn(const struct change *change, void *ctx,
                      struct error **err_out);

static int wrong(const char *what, const char *word, struct error **err_out)
{
    return error_set(err_out, ERROR_CONFIG, -EINVAL, "%s'%s'", what, word);
}

/* What one character says of a bit. */
static bool bit_take(struct change *change, unsigned int bit, char how)
{
    if (how == '1')
        change->set |= 1u << bit;
    else if (how == '0')
        change->clear |= 1u << bit;
    return how && strchr("01xks", how);
}

/* The place of a name in a list, -1 if it is not there; looks at all, for what
 * may be meant. */
static int name_find(const char *list, const char *name, const char **near,
                     size_t *distance)
{
    char copy[512], *rest, *word;
    int bit = 0, found = -1;

    snprintf(copy, sizeof(copy), "%s", list);
    for (word = strtok_r(copy, " ", &rest); word && found < 0;
         word = strtok_r(NULL, " ", &rest), bit++) {
        if (!strcmp(word, name))
            found = bit;
        else if (*word != '.')
            suggest(name, list + (word - copy), near, distance);
    }
    return found;
}

static int number_parse(const char *name, const char *text, uint64_t max,
                        uint32_t *number_out, struct error **err_out)
{
    char *end;
    unsigned long long number = strtoull(text, &end, 0);

    if (*text < '0' || *text > '9' || *end || number > max)
        return error_set(err_out, ERROR_CONFIG, -EINVAL,
                         "%s is a number from 0 to %llu, not '%s'", name,
                         (unsigned long long)max, text);
    *number_out = (uint32_t)number;
    return 0;
}

static uint64_t ones(unsigned int nr)
{
    return (1ull << nr) - 1;
}

static uint64_t number_max(const struct number_field *f)
{
    return f->is_sum ? ones(f->width) + ones(f->upper_width)
                     : ones(f->width + f->upper_width);
}

/* Puts a number's bits in its fields. */
static uint32_t number_bits(const struct number_field *f, uint64_t number)
{
    uint64_t low = number & ones(f->width), high = number >> f->width;

    if (f->is_sum) {
        low = number < ones(f->width) ? number : ones(f->width);
        high = number - low;
    }
    return (uint32_t)(low << f->shift | high << f->upper_shift);
}

static const struct number_field *number_find(const char *name)
{
    size_t i;

    for (i = 0; i < NR_NUMBERS; i++)
        if (!strcmp(numbers[i].name, name))
            return &numbers[i];
    return NULL;
}

static int number_take(const struct number_field *f, const char *text,
                       change_fn *take, void *ctx, struct error **err_out)
{
    struct change change = {.leaf = f->leaf, .reg = f->reg, .is_number = true};
    uint32_t number = 0;
    int rc = number_parse(f->name, text, number_max(f), &number, err_out);

    if (rc)
        return rc;
    change.set = number_bits(f, number);
    change.clear = number_bits(f, number_max(f)) & ~change.set;
    return take(&change, ctx, err_out);
}

/* `avx=0`. */
static int named_take(char *part, change_fn *take, void *ctx,
                      struct error **err_out)
{
    char *equals = strchr(part, '=');
    const char *near = NULL;
    size_t i, distance = 0;
    const struct number_field *field;

    if (!equals)
        return wrong("wants feature=value, not ", part, err_out);
    *equals = 0;
    field = number_find(part);
    if (field)
        return number_take(field, equals + 1, take, ctx, err_out);
    for (i = 0; i < NR_WORDS; i++) {
        struct change change = {.leaf = words[i].leaf,
                                .subleaf = words[i].subleaf,
                                .reg = words[i].reg};
        int bit = name_find(words[i].names, part, &near, &distance);

        if (bit < 0)
            continue;
        if (!bit_take(&change, (unsigned int)bit, equals[1]) || equals[2])
            return wrong("a feature is 0, 1, x, k or s, not ", equals + 1,
                         err_out);
        return take(&change, ctx, err_out);
    }
    return wrong("no such feature: ", part, err_out);
}

/* `ecx=xxx..0`, the highest bit first. */
static int bits_take(char *part, uint32_t leaf, uint32_t subleaf,
                     change_fn *take, void *ctx, struct error **err_out)
{
    struct change change = {.leaf = leaf, .subleaf = subleaf};
    unsigned int i;

    if (strlen(part) != 4 + 32 || part[0] != 'e' || part[1] < 'a' ||
        part[1] > 'd' || part[2] != 'x' || part[3] != '=')
        return wrong("wants a register with 32 bits, as ecx=xx..0, not ", part,
                     err_out);
    change.reg = part[1];
    for (i = 0; i < 32; i++)
        if (!bit_take(&change, 31 - i, part[4 + i]))
            return wrong("a bit is 0, 1, x, k or s, not in ", part, err_out);
    return take(&change, ctx, err_out);
}

/* `7,0:ebx=..,ecx=..`. */
static int leaf_take(char *text, change_fn *take, void *ctx,
                     struct error **err_out)
{
    char *colon = strchr(text, ':'), *end, *part, *rest;
    unsigned long leaf, subleaf = 0;
    int rc = 0;

    if (!colon)
        return wrong("wants leaf:register=bits, not ", text, err_out);
    leaf = strtoul(text, &end, 0);
    if (end != text && *end == ',')
        subleaf = strtoul(end + 1, &end, 0);
    if (end == text || end != colon || leaf > UINT32_MAX ||
        subleaf > UINT32_MAX)
        return wrong("no leaf of CPUID is ", text, err_out);
    for (part = strtok_r(colon + 1, ",", &rest); part && !rc;
         part = strtok_r(NULL, ",", &rest))
        rc = bits_take(part, (uint32_t)leaf, (uint32_t)subleaf, take, ctx,
                       err_out);
    return rc;
}

static bool is_by_name(const char *text)
{
    return !strncmp(text, "host", 4) && (!text[4] || text[4] == ',');
}

static int for_each_change(const char *text, change_fn *take, void *ctx,
                           struct error **err_out)
{
    bool by_name = is_by_name(text);
    const char *end = by_name ? "," : ";";
    char *copy = strdup(by_name ? text + 4 : text), *part, *rest;
    int rc = 0;

    if (!copy)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    for (part = strtok_r(copy, end, &rest); part && !rc;
         part = strtok_r(NULL, end, &rest))
        rc = by_name ? named_take(part, take, ctx, err_out)
                     : leaf_take(part, take, ctx, err_out);
    free(copy);
    return rc;
}

static int nothing(const struct change *change, void *ctx,
                   struct error **err_out)
{
    (void)change, (void)ctx, (void)err_out;
    return 0;
}

int cpuid_config_check(const char *text, struct error **err_out)
{
    return for_each_change(text, nothing, NULL, err_out);
}

struct leaves {
    struct xen_cpuid_leaf *leaf;
    size_t nr;
};

static uint32_t *register_find(const struct leaves *leaves,
                               const struct change *change)
{
    size_t i;

    for (i = 0; i < leaves->nr; i++) {
        struct xen_cpuid_leaf *l = &leaves->leaf[i];

        if (l->leaf == change->leaf &&
            (l->subleaf == change->subleaf ||
             (l->subleaf == NO_SUBLEAF && !change->subleaf)))
            return (uint32_t *[]){&l->a, &l->b, &l->c,
                                  &l->d}[change->reg - 'a'];
    }
    return NULL;
}

/* A leaf that there is not has no bit that could be set. */
static int leaf_change(const struct change *change, void *ctx,
                       struct error **err_out)
{
    uint32_t *reg = register_find(ctx, change);

    if (!reg && change->set)
        return error_set(err_out, ERROR_CONFIG, -EINVAL,
                         "the CPU has no leaf %#x,%u", change->leaf,
                         change->subleaf);
    if (reg)
        *reg = (*reg & ~change->clear) | change->set;
    return 0;
}

int cpuid_config_apply(const char *text, struct xen_cpuid_leaf *leaf, size_t nr,
                       struct error **err_out)
{
    struct leaves leaves = {leaf, nr};

    return for_each_change(text, leaf_change, &leaves, err_out);
}

/* The hypervisor leaves out what the CPU lacks. */
static int leaf_compare(const struct change *change, void *ctx,
                        struct error **err_out)
{
    const uint32_t *reg = register_find(ctx, change);

    uint32_t forced = change->set | (change->is_number ? change->clear : 0);

    if (reg ? (*reg & forced) == change->set : !change->set)
        return 0;
    if (change->is_number)
        return error_set(err_out, ERROR_CONFIG, -EINVAL,
                         "leaf %#x,%u, e%cx: the hypervisor has a number of "
                         "its own there",
                         change->leaf, change->subleaf, change->reg);
    error_set(err_out, ERROR_CONFIG, -EINVAL,
              "leaf %#x,%u, e%cx: the host can't give a guest what is forced "
              "to 1 there",
              change->leaf, change->subleaf, change->reg);
    return error_hint(err_out, "say x for what may be there or not");
}

int cpuid_config_compare(const char *text, struct xen_cpuid_leaf *leaf,
                         size_t nr, struct error **err_out)
{
    struct leaves leaves = {leaf, nr};

    return for_each_change(text, leaf_compare, &leaves, err_out);
}
