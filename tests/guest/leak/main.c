/* SPDX-License-Identifier: MIT */
/*
 * What a domain could see of others: registers that they left on the CPU, what
 * frames held before, bytes between the fields of structures and on the
 * hypervisor's stack. One domain fills all it can with a pattern, and others
 * look for it. One CPU, so that they take turns on it.
 */
#include "domain.h"
#include "leak.h"

#define SECRET    0x5ec2e75ec2e75ec2UL
#define OWN       0x0123456789abcdefUL
#define TURNS     500
#define UNTOUCHED 0xee

/* Of the other one's work; on root tables of its own it takes several turns for
 * one. */
#define MIN_ROUNDS 100

/* mailbox->word[] */
#define STOP   0
#define ROUNDS 1

static struct domain teller, looker;

/* ---- the one with secrets ---------------------------------------------- */

static void set_debugregs(uint64_t value)
{
    for (unsigned int i = 0; i < 4; i++)
        hypercall(__HYPERVISOR_set_debugreg, i, value);
}

static void fill_pages(void)
{
    for (unsigned int i = 0; i < 24; i++) {
        uint64_t *page = page_alloc();

        for (unsigned int j = 0; j < PAGE_SIZE / 8; j++)
            page[j] = SECRET;
    }
}

static void tell(void)
{
    static struct all_regs found;

    fill_pages();
    set_debugregs(SECRET >> 20);
    hypercall(__HYPERVISOR_set_segment_base, SEGBASE_FS, SECRET >> 20);
    while (!mailbox->word[STOP]) {
        fill_call_look(SECRET, __HYPERVISOR_sched_op, SCHEDOP_yield, SECRET,
                       &found);
        /* Arguments that the hypervisor copies to its stack, and refuses. */
        for (unsigned int nr = 0; nr < 64; nr++) {
            static uint64_t words[64];

            for (unsigned int i = 0; i < ARRAY_SIZE(words); i++)
                words[i] = SECRET;
            hypercall(__HYPERVISOR_event_channel_op, nr % 14, words);
            hypercall(__HYPERVISOR_grant_table_op, nr % 13, words, 1);
            hypercall(__HYPERVISOR_memory_op, nr % 32, words);
            hypercall(__HYPERVISOR_physdev_op, nr % 32, words);
        }
        mailbox->word[ROUNDS]++;
    }
}

/* ---- the ones that look ------------------------------------------------ */

static bool has_secret(const void *data, size_t size)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i + 4 <= size; i++) {
        uint32_t word;

        memcpy(&word, &bytes[i], sizeof(word));
        for (unsigned int shift = 0; shift < 24; shift += 4)
            if (word == (uint32_t)(SECRET >> shift))
                return true;
    }
    return false;
}

static bool all_are(const void *data, size_t size, uint8_t value)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

/* As a vcpu starts. */
static void look_at_fresh_fpu(void)
{
    static struct all_regs found;

    look(&found);
    CHECK("fresh_xmm_registers_are_zero",
          all_are(found.xmm, sizeof(found.xmm), 0));
    CHECK_EQ("fresh_mxcsr", found.mxcsr & 0xffff, 0x1f80);
    CHECK("fresh_x87_registers_are_zero", all_are(&found.x87[28], 80, 0));
    CHECK("fresh_x87_pointers_are_zero", all_are(&found.x87[12], 8, 0));
}

static bool registers_are_own(const struct all_regs *found)
{
    for (unsigned int i = 0; i < 10; i++)
        if (found->general[i] != OWN)
            return false;
    for (unsigned int i = 0; i < NR_XMM; i++)
        if (found->xmm[i][0] != OWN || found->xmm[i][1] != OWN)
            return false;
    return !has_secret(found, sizeof(*found));
}

/* Each call gives the CPU to the other one. */
static void look_at_registers(void)
{
    static struct all_regs found;
    unsigned int bad = 0;

    for (unsigned int i = 0; i < TURNS; i++) {
        fill_call_look(OWN, __HYPERVISOR_sched_op, SCHEDOP_yield, 0, &found);
        bad += !registers_are_own(&found);
    }
    CHECK_EQ("registers_are_as_they_were_after_each_turn", bad, 0);
    bad = 0;
    for (unsigned int nr = 0; nr < 64; nr++) {
        if (nr == __HYPERVISOR_iret || nr == __HYPERVISOR_stack_switch ||
            nr == __HYPERVISOR_fpu_taskswitch ||
            nr == __HYPERVISOR_set_trap_table)
            continue;
        fill_call_look(OWN, nr, ~0UL, ~0UL, &found);
        bad += !registers_are_own(&found);
    }
    CHECK_EQ("registers_are_as_they_were_after_each_call", bad, 0);
}

static void look_at_debugregs(void)
{
    unsigned int bad = 0;

    for (unsigned int i = 0; i < 4; i++)
        bad += hypercall(__HYPERVISOR_get_debugreg, i) != 0;
    CHECK_EQ("debug_registers_are_zero", bad, 0);
}

static void look_at_frame(void)
{
    const struct trap *trap = trap_last();

    TRAP_OF_INSN("ud2", :);
    CHECK_EQ("selector_of_a_frame_has_only_the_mask_above",
             trap->regs.cs & ~0xff0000ffffUL, 0);
    CHECK_EQ("stack_selector_of_a_frame_has_nothing_above", trap->regs.ss >> 16,
             0);
    try_read(0x1000);
    CHECK_EQ("error_code_of_a_frame_has_nothing_above", trap->regs.error >> 16,
             0);
}

/* ---- structures -------------------------------------------------------- */

static uint8_t buffer[4096];

static void *fresh_buffer(void)
{
    memset(buffer, UNTOUCHED, sizeof(buffer));
    return buffer;
}

/* Bytes between fields are the caller's own, or zero. */
static bool is_quiet(const void *data, size_t size)
{
    return all_are(data, size, 0) || all_are(data, size, UNTOUCHED);
}

static void look_at_runstate(void)
{
    struct vcpu_register_runstate_memory_area op = {.addr.v = (uint64_t)buffer};
    struct vcpu_runstate_info *info = fresh_buffer();
    uint8_t *padding = (uint8_t *)info + sizeof(info->state);

    hypercall(__HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, 0, info);
    CHECK("padding_of_a_runstate", is_quiet(padding, 4));
    fresh_buffer();
    hypercall(__HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, 0,
              &op);
    sleep_ms(2);
    CHECK("padding_of_a_runstate_area", is_quiet(padding, 4));
    CHECK("nothing_behind_a_runstate_area", all_are(info + 1, 64, UNTOUCHED));
    op.addr.v = 0;
    hypercall(__HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, 0,
              &op);
}

/* What the texts of a version leave of their buffers. */
static void look_at_version(void)
{
    static const uint16_t size[] = {[XENVER_extraversion] = 16,
                                    [XENVER_compile_info] = 144,
                                    [XENVER_capabilities] = 1024,
                                    [XENVER_changeset] = 64,
                                    [XENVER_commandline] = 1024};

    for (unsigned int cmd = 0; cmd < ARRAY_SIZE(size); cmd++) {
        uint8_t *text = fresh_buffer();
        unsigned int len = 0;

        if (size[cmd] == 0 ||
            hypercall(__HYPERVISOR_xen_version, cmd, text) < 0)
            continue;
        CHECK("nothing_behind_a_version",
              all_are(&text[size[cmd]], 512, UNTOUCHED));
        if (cmd == XENVER_compile_info)
            continue;
        while (len < size[cmd] && text[len])
            len++;
        CHECK("version_ends_with_zeroes",
              is_quiet(&text[len + 1], size[cmd] - len - 1));
    }
}

static bool ends_a_vcpu(unsigned int op)
{
    return op == VCPUOP_down || op == VCPUOP_send_nmi;
}

/* Operations copy their whole structure back: what they don't fill in must be
 * what the caller had there. */
static void look_at_operations(void)
{
    static const struct {
        const char *name;
        uint8_t call, nr;
    } call[] = {
        {"event_channel_op", __HYPERVISOR_event_channel_op, 14},
        {"memory_op", __HYPERVISOR_memory_op, 32},
        {"physdev_op", __HYPERVISOR_physdev_op, 32},
        {"vcpu_op", __HYPERVISOR_vcpu_op, 14},
        {"grant_table_op", __HYPERVISOR_grant_table_op, 13},
    };
    unsigned int bad = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(call); i++)
        for (unsigned int op = 0; op < call[i].nr; op++) {
            void *arg = fresh_buffer();

            if (call[i].call == __HYPERVISOR_vcpu_op)
                hypercall(call[i].call, ends_a_vcpu(op) ? VCPUOP_is_up : op, 0,
                          arg);
            else
                hypercall(call[i].call, op, arg, 1);
            if (!has_secret(buffer, sizeof(buffer)))
                continue;
            printf("note: %s %u\n", call[i].name, op);
            bad++;
        }
    CHECK_EQ("secrets_in_what_comes_back", bad, 0);
}

/* ---- frames ------------------------------------------------------------ */

/* Frames just handed out, of all ways. */
static void look_at_new_frames(void)
{
    uint64_t *page = page_alloc(), pfn = va_to_pfn(page);
    unsigned int bad = 0, seen = 0;

    for (unsigned int i = 0; i < 64; i++) {
        uint64_t frame = pfn_to_mfn(pfn);

        page_unmap(page);
        if (reserve(XENMEM_decrease_reservation, DOMID_SELF, &frame, 1, 0) != 1)
            break;
        frame = pfn;
        if (reserve(XENMEM_populate_physmap, DOMID_SELF, &frame, 1, 0) != 1)
            break;
        set_p2m(pfn, frame);
        page_set_writable(page);
        bad += !all_are(page, PAGE_SIZE, 0);
        seen++;
        memset(page, 0x77, PAGE_SIZE);
    }
    CHECK_EQ("new_frames_were_looked_at", seen, 64);
    CHECK_EQ("new_frames_are_clean", bad, 0);
}

static void look_at_grant_table(void)
{
    uint64_t mfn[4] = {0};
    struct gnttab_setup_table op = {
        .dom = DOMID_SELF, .nr_frames = 4, .frame_list = (uint64_t)mfn};
    unsigned int bad = 0;

    if (grant_op(GNTTABOP_setup_table, &op, 1) || op.status != GNTST_okay) {
        CHECK("setup_table", false);
        return;
    }
    for (unsigned int i = 0; i < 4; i++) {
        void *page = page_alloc();

        update_va_mapping((uint64_t)page, make_pte(mfn[i], PTE_PAGE_RO),
                          UVMF_INVLPG);
        bad += !all_are(page, PAGE_SIZE, 0);
    }
    CHECK_EQ("frames_of_a_new_grant_table_are_clean", bad, 0);
}

static void look_guest(void)
{
    look_at_fresh_fpu();
    look_at_registers();
    look_at_debugregs();
    look_at_frame();
    look_at_runstate();
    look_at_version();
    look_at_operations();
    look_at_new_frames();
    look_at_grant_table();
}

/* ---- control side ------------------------------------------------------ */

/* All that is free, as far as it fits: what a dead domain had is among it. */
static void look_at_freed_frames(unsigned int order)
{
    uint64_t *page = page_alloc(), frame;
    unsigned int bad = 0, seen = 0;
    struct domain taker;

    REQUIRE("create_a_domain", domain_create(&taker, NULL) == 0);
    for (unsigned int i = 0; i < 1024U >> order; i++) {
        frame = (uint64_t)i << order;
        if (reserve(XENMEM_populate_physmap, taker.id, &frame, 1, order) != 1)
            break;
        for (unsigned int j = 0; j < 1U << order; j++, seen++) {
            map_foreign_at(page, taker.id, frame + j, PTE_PAGE_RO);
            bad += !all_are(page, PAGE_SIZE, 0);
        }
    }
    page_free(page);
    domain_destroy(&taker);
    CHECK("freed_frames_were_looked_at", seen > 500);
    CHECK_EQ("freed_frames_are_clean", bad, 0);
}

static void look_at_context(void)
{
    static struct vcpu_guest_context context;
    struct xen_domctl_getdomaininfo info;
    struct xen_domctl op;

    memset(&context, UNTOUCHED, sizeof(context));
    REQUIRE("get_context", domain_get_context(looker.id, 0, &context) == 0);
    CHECK("no_secret_in_anothers_context",
          !has_secret(&context, sizeof(context)));
    memset(&op, UNTOUCHED, sizeof(op));
    domctl(XEN_DOMCTL_getdomaininfo, looker.id, &op);
    memcpy(&info, &op.u.getdomaininfo, sizeof(info));
    CHECK("no_secret_in_a_domains_state", !has_secret(&info, sizeof(info)));
}

static void look_at_all(void)
{
    domain_build(&teller, NULL);
    domain_start(&teller, tell);
    sleep_ms(50);
    domain_build(&looker, NULL);
    domain_run(&looker, look_guest);
    CHECK("the_other_one_has_worked",
          teller.mailbox->word[ROUNDS] > MIN_ROUNDS);
    look_at_context();
    domain_destroy(&looker);
    domain_destroy(&teller);
    look_at_freed_frames(0);
    look_at_freed_frames(3);
}

void test_main(void)
{
    look_at_operations();
    look_at_version();
    look_at_all();
}
