/* SPDX-License-Identifier: MIT */
/*
 * The instruction decoder: a table of encodings; lengths against Capstone's on
 * random bytes; stores against this CPU's own execution of them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <capstone/capstone.h>

#include "xen/compiler.h"
#include "asm/decode.h"

#define FS_BASE 0x100000000000
#define GS_BASE 0x200000000000
#define RIP     0x7000

static const struct cpu_regs some_regs = {
    .rip = RIP,
    .rax = 0x1000,
    .rcx = 0x2000,
    .rdx = 0x3000,
    .rbx = 0x4000,
    .rsp = 0x5000,
    .rbp = 0x6000,
    .rsi = 0x7000,
    .rdi = 0xfffff00000008000,
    .r8 = 0x8000,
    .r9 = 0x9000,
    .r10 = 0xa000,
    .r11 = ~0ull - 7,
    .r12 = 0xc000,
    .r13 = 0xd000,
    .r14 = 0xe000,
    .r15 = 0xf000,
};
static const struct insn_context some_context = {
    .regs = &some_regs,
    .fs_base = FS_BASE,
    .gs_base = GS_BASE,
};

struct expected {
    u8 bytes[INSN_MAX_BYTES + 1];
    u8 len;
    enum insn_kind kind;
    u8 op_bytes;
    u64 addr; /* of the memory operand; 0: none */
    u64 imm;  /* 0: none, or 0 */
};

/* clang-format off */
static const struct expected decodes[] = {
    /* Privileged. */
    {{0xfa}, 1, INSN_CLI, 4, 0, 0},
    {{0xfb}, 1, INSN_STI, 4, 0, 0},
    {{0xf4}, 1, INSN_HLT, 4, 0, 0},
    {{0xe4, 0x80}, 2, INSN_IN, 1, 0, 0x80},
    {{0xe5, 0xf0}, 2, INSN_IN, 4, 0, 0xf0},
    {{0x66, 0xe7, 0x70}, 3, INSN_OUT, 2, 0, 0x70},
    {{0xec}, 1, INSN_IN, 1, 0, 0},
    {{0x48, 0xed}, 2, INSN_IN, 4, 0, 0},
    {{0x66, 0xef}, 2, INSN_OUT, 2, 0, 0},
    {{0xf3, 0x6c}, 2, INSN_INS, 1, 0xfffff00000008000, 0},
    {{0x67, 0x6d}, 2, INSN_INS, 4, 0x8000, 0},
    {{0xf3, 0x66, 0x6f}, 3, INSN_OUTS, 2, 0xfffff00000008000, 0},
    {{0x0f, 0x30}, 2, INSN_WRMSR, 4, 0, 0},
    {{0x0f, 0x32}, 2, INSN_RDMSR, 4, 0, 0},
    {{0x0f, 0x31}, 2, INSN_RDTSC, 4, 0, 0},
    {{0x0f, 0x01, 0xf9}, 3, INSN_RDTSCP, 4, 0, 0},
    {{0x0f, 0x33}, 2, INSN_RDPMC, 4, 0, 0},
    {{0x0f, 0xa2}, 2, INSN_CPUID, 4, 0, 0},
    {{0x0f, 0x01, 0xd1}, 3, INSN_XSETBV, 4, 0, 0},
    {{0x0f, 0x08}, 2, INSN_INVD, 4, 0, 0},
    {{0x0f, 0x09}, 2, INSN_WBINVD, 4, 0, 0},
    {{0x0f, 0x06}, 2, INSN_CLTS, 4, 0, 0},
    {{0x0f, 0x20, 0xe0}, 3, INSN_MOV_FROM_CR, 8, 0, 0},
    {{0x0f, 0x20, 0x20}, 3, INSN_MOV_FROM_CR, 8, 0, 0},
    {{0x44, 0x0f, 0x22, 0xc7}, 4, INSN_MOV_TO_CR, 8, 0, 0},
    {{0x0f, 0x21, 0xf8}, 3, INSN_MOV_FROM_DR, 8, 0, 0},
    {{0x0f, 0x23, 0xc0}, 3, INSN_MOV_TO_DR, 8, 0, 0},
    {{0x0f, 0x01, 0xf0}, 3, INSN_LMSW, 4, 0, 0},
    {{0x0f, 0x01, 0x21}, 3, INSN_SMSW, 4, 0x2000, 0},
    {{0x0f, 0x01, 0x3b}, 3, INSN_INVLPG, 4, 0x4000, 0},
    {{0x0f, 0x01, 0xf8}, 3, INSN_SWAPGS, 4, 0, 0},
    {{0x48, 0x0f, 0x07}, 3, INSN_SYSRET, 8, 0, 0},
    {{0x0f, 0x01, 0x10}, 3, INSN_LGDT, 4, 0x1000, 0},
    {{0x0f, 0x01, 0x18}, 3, INSN_LIDT, 4, 0x1000, 0},
    {{0x0f, 0x00, 0xd0}, 3, INSN_LLDT, 4, 0, 0},
    {{0x0f, 0x00, 0xd8}, 3, INSN_LTR, 4, 0, 0},
    {{0xcd, 0x80}, 2, INSN_INT, 4, 0, 0x80},
    /* Stores, and ways to name memory. */
    {{0x48, 0x89, 0x00}, 3, INSN_MOV, 8, 0x1000, 0},
    {{0x88, 0x00}, 2, INSN_MOV, 1, 0x1000, 0},
    {{0x66, 0x89, 0x40, 0xf0}, 4, INSN_MOV, 2, 0xff0, 0},
    {{0x89, 0x83, 0x10, 0, 0, 0x80}, 6, INSN_MOV, 4, 0xffffffff80004010, 0},
    {{0x89, 0x04, 0x24}, 3, INSN_MOV, 4, 0x5000, 0},
    {{0x89, 0x44, 0x8d, 0x08}, 4, INSN_MOV, 4, 0xe008, 0},
    {{0x89, 0x04, 0x25, 0, 0, 0, 0x80}, 7, INSN_MOV, 4, 0xffffffff80000000, 0},
    {{0x89, 0x04, 0xcd, 1, 0, 0, 0}, 7, INSN_MOV, 4, 0x10001, 0},
    {{0x43, 0x89, 0x44, 0x25, 0x01}, 5, INSN_MOV, 4, 0x19001, 0},
    {{0x41, 0x89, 0x45, 0x00}, 4, INSN_MOV, 4, 0xd000, 0},
    {{0x89, 0x05, 0x10, 0, 0, 0}, 6, INSN_MOV, 4, RIP + 6 + 0x10, 0},
    {{0xc7, 0x05, 0x10, 0, 0, 0, 1, 2, 3, 4}, 10, INSN_MOV, 4, RIP + 10 + 0x10, 0x04030201},
    {{0x48, 0xc7, 0x00, 0, 0, 0, 0x80}, 7, INSN_MOV, 8, 0x1000, 0xffffffff80000000},
    {{0x66, 0xc7, 0x00, 0xfe, 0xff}, 5, INSN_MOV, 2, 0x1000, ~1ull},
    {{0x64, 0x89, 0x00}, 3, INSN_MOV, 4, FS_BASE + 0x1000, 0},
    {{0x65, 0x2e, 0x89, 0x00}, 4, INSN_MOV, 4, GS_BASE + 0x1000, 0},
    {{0x67, 0x41, 0x89, 0x03}, 4, INSN_MOV, 4, 0xfffffff8, 0},
    {{0x67, 0x65, 0x89, 0x07}, 4, INSN_MOV, 4, GS_BASE + 0x8000, 0},
    {{0x48, 0xa3, 1, 2, 3, 4, 5, 6, 7, 8}, 10, INSN_MOV, 8, 0x0807060504030201, 0},
    {{0x67, 0xa2, 1, 2, 3, 4}, 6, INSN_MOV, 1, 0x04030201, 0},
    {{0x48, 0x0f, 0xc3, 0x08}, 4, INSN_MOVNTI, 8, 0x1000, 0},
    {{0x48, 0xab}, 2, INSN_STOS, 8, 0xfffff00000008000, 0},
    {{0xa4}, 1, INSN_MOVS, 1, 0xfffff00000008000, 0},
    {{0x48, 0x87, 0x10}, 3, INSN_XCHG, 8, 0x1000, 0},
    {{0xf0, 0x48, 0x0f, 0xb1, 0x10}, 5, INSN_CMPXCHG, 8, 0x1000, 0},
    {{0xf0, 0x0f, 0xc7, 0x08}, 4, INSN_CMPXCHG8B, 8, 0x1000, 0},
    {{0xf0, 0x48, 0x0f, 0xc1, 0x10}, 5, INSN_XADD, 8, 0x1000, 0},
    {{0xf0, 0x48, 0x81, 0x20, 0xff, 0xf, 0, 0}, 8, INSN_AND, 8, 0x1000, 0xfff},
    {{0x48, 0x83, 0x20, 0xfd}, 4, INSN_AND, 8, 0x1000, ~2ull},
    {{0x80, 0x20, 0xfd}, 3, INSN_AND, 1, 0x1000, ~2ull},
    {{0xf0, 0x48, 0x0f, 0xba, 0x30, 0x01}, 6, INSN_BTR, 8, 0x1000, 1},
    {{0x48, 0x0f, 0xab, 0x11}, 4, INSN_BTS, 8, 0x2000 + 0x3000 / 8, 0},
    {{0x66, 0x44, 0x0f, 0xbb, 0x19}, 5, INSN_BTC, 2, 0x2000 - 2, 0},
    {{0xff, 0x00}, 2, INSN_INC, 4, 0x1000, 0},
    {{0xfe, 0x08}, 2, INSN_DEC, 1, 0x1000, 0},
    {{0xf7, 0x10}, 2, INSN_NOT, 4, 0x1000, 0},
    {{0x48, 0xf7, 0x18}, 3, INSN_NEG, 8, 0x1000, 0},
    /* REX counts only just before the opcode; REX.W beats 66. */
    {{0x48, 0x66, 0x89, 0x00}, 4, INSN_MOV, 2, 0x1000, 0},
    {{0x66, 0x48, 0x89, 0x00}, 4, INSN_MOV, 8, 0x1000, 0},
    /* Exactly 15 bytes. */
    {{0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0xfa}, 15, INSN_CLI, 2, 0, 0},
};

/* Not carried out for anybody. */
static const u8 unknowns[][5] = {
    {0x90}, {0xc3}, {0xcc}, {0x0f, 0x0b}, {0x8b, 0x00}, {0x03, 0x00},
    {0x89, 0xc0}, {0x87, 0xc3}, {0x0f, 0xb1, 0xc0},      /* registers only */
    {0x81, 0x38}, {0xf6, 0x00}, {0xff, 0x30}, {0x0f, 0xba, 0x20, 0x01},
    {0xf3, 0xab}, {0xf3, 0xa4}, {0xf2, 0xa5},            /* repeated */
    {0x48, 0x0f, 0xc7, 0x08}, {0x66, 0x0f, 0xc3, 0x08},
    {0x66, 0x0f, 0x01, 0xd1}, {0xc4, 0xe2, 0x78}, {0x62}, {0x0f, 0x01, 0xee},
};
/* clang-format on */

/* Decode from a heap block of exactly nr bytes, so that any read beyond them
 * is caught. */
static int decode_exact(const u8 *bytes, unsigned int nr,
                        const struct insn_context *ctx, struct insn *insn)
{
    u8 *copy = malloc(nr ? nr : 1);
    int rc;

    memcpy(copy, bytes, nr);
    rc = insn_decode(copy, nr, ctx, insn);
    free(copy);
    return rc;
}

static void known_encodings_decode(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(decodes); i++) {
        const struct expected *e = &decodes[i];
        struct insn insn;

        assert_int_equal(decode_exact(e->bytes, e->len, &some_context, &insn),
                         0);
        assert_int_equal(insn.kind, e->kind);
        assert_int_equal(insn.len, e->len);
        assert_int_equal(insn.op_bytes, e->op_bytes);
        assert_int_equal(insn.has_mem || !e->addr, true);
        if (e->addr)
            assert_int_equal(insn.addr, e->addr);
        assert_int_equal(insn.imm, e->imm);
    }
}

static void every_truncation_is_enodata(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(decodes); i++) {
        for (unsigned int nr = 0; nr < decodes[i].len; nr++) {
            struct insn insn;

            assert_int_equal(
                decode_exact(decodes[i].bytes, nr, &some_context, &insn),
                -ENODATA);
        }
    }
}

static void other_encodings_are_unknown(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(unknowns); i++) {
        struct insn insn = {.kind = INSN_CLI};

        assert_int_equal(decode_exact(unknowns[i], 5, &some_context, &insn), 0);
        assert_int_equal(insn.kind, INSN_UNKNOWN);
        assert_int_equal(insn.len, 0);
    }
}

static void sixteen_bytes_are_einval(void **state)
{
    u8 bytes[16];
    struct insn insn;

    (void)state;
    memset(bytes, 0x66, sizeof(bytes));
    bytes[15] = 0xfa;
    assert_int_equal(decode_exact(bytes, 16, &some_context, &insn), -EINVAL);
}

static void lock_where_it_is_not_allowed_is_einval(void **state)
{
    static const u8 locked[][4] = {
        {0xf0, 0xfa}, {0xf0, 0x89, 0x00}, {0xf0, 0x0f, 0x22, 0xc0},
        {0xf0, 0xaa}, {0xf0, 0x0f, 0xa2}, {0xf0, 0x0f, 0xc3, 0x00},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(locked); i++) {
        struct insn insn;

        assert_int_equal(decode_exact(locked[i], 4, &some_context, &insn),
                         -EINVAL);
    }
}

static void control_register_numbers_include_rex(void **state)
{
    static const u8 mov_r15_to_cr8[] = {0x45, 0x0f, 0x22, 0xc7};
    struct insn insn;

    (void)state;
    assert_int_equal(decode_exact(mov_r15_to_cr8, 4, &some_context, &insn), 0);
    assert_int_equal(insn.reg, 8);
    assert_int_equal(insn.rm, 15);
}

static void fill_random(u8 *bytes, size_t nr)
{
    for (size_t i = 0; i < nr; i++)
        bytes[i] = (u8)rand();
}

/* Random bytes, with prefixes and the two-byte map more often. */
static void make_random_insn(u8 bytes[INSN_MAX_BYTES])
{
    static const u8 first[] = {0x66, 0x67, 0x64, 0x65, 0xf0,
                               0xf2, 0xf3, 0x48, 0x41, 0x0f};
    size_t pos = 0;

    fill_random(bytes, INSN_MAX_BYTES);
    while (pos < 4 && rand() % 2)
        bytes[pos++] = first[(size_t)rand() % sizeof(first)];
}

static void random_bytes_are_read_within_bounds(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) {
        u8 bytes[INSN_MAX_BYTES];
        struct insn insn;

        make_random_insn(bytes);
        if (decode_exact(bytes, (unsigned int)rand() % 16, &some_context,
                         &insn) == 0)
            assert_in_range(insn.len, 0, INSN_MAX_BYTES);
    }
}

static void lengths_equal_those_of_capstone(void **state)
{
    cs_insn *theirs;
    csh handle;

    (void)state;
    assert_int_equal(cs_open(CS_ARCH_X86, CS_MODE_64, &handle), CS_ERR_OK);
    for (int i = 0; i < 300000; i++) {
        u8 bytes[INSN_MAX_BYTES];
        struct insn ours;

        make_random_insn(bytes);
        if (insn_decode(bytes, INSN_MAX_BYTES, &some_context, &ours) != 0 ||
            ours.kind == INSN_UNKNOWN)
            continue;
        if (cs_disasm(handle, bytes, INSN_MAX_BYTES, RIP, 1, &theirs) != 1)
            continue;
        assert_int_equal(ours.len, theirs->size);
        cs_free(theirs, 1);
    }
    cs_close(&handle);
}

/*
 * run_native(regs, code): load all registers but rsp, call the code, and store
 * what they became.
 */
void run_native(struct cpu_regs *regs, const void *code);

#define EACH_REGISTER(op)                                                      \
    op(0, r15) op(8, r14) op(16, r13) op(24, r12) op(32, rbp) op(40, rbx)      \
        op(48, r11) op(56, r10) op(64, r9) op(72, r8) op(80, rax) op(88, rcx)  \
            op(96, rdx) op(104, rsi)
#define LOAD(offset, reg)  "mov " #offset "(%rdi), %" #reg "\n"
#define STORE(offset, reg) "mov %" #reg ", " #offset "(%rdi)\n"

__asm__(".pushsection .text\n"
        "run_native:\n"
        "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
        "push %rsi\n"
        "push %rdi\n"
        "push 144(%rdi)\n"
        "popf\n" EACH_REGISTER(LOAD) "mov 112(%rdi), %rdi\n"
                                     "call *8(%rsp)\n"
                                     "xchg %rdi, (%rsp)\n" EACH_REGISTER(
                                         STORE) "pop 112(%rdi)\n"
                                                "pushf\n"
                                                "pop 144(%rdi)\n"
                                                "cld\n"
                                                "pop %rsi\n"
                                                "pop %r15; pop %r14; pop %r13; "
                                                "pop %r12; pop %rbp; pop %rbx\n"
                                                "ret\n"
                                                ".popsection\n");

BUILD_BUG_ON(offsetof(struct cpu_regs, rdi) != 112);
BUILD_BUG_ON(offsetof(struct cpu_regs, rflags) != 144);

#define CF        X86_EFLAGS_CF
#define PF        X86_EFLAGS_PF
#define AF        X86_EFLAGS_AF
#define ZF        X86_EFLAGS_ZF
#define SF        X86_EFLAGS_SF
#define OF        X86_EFLAGS_OF

#define ALL_FLAGS (CF | PF | AF | ZF | SF | OF)

/* One form of a store whose memory operand is (%rdi). */
struct form {
    const char *name;
    u8 bytes[3]; /* opcode */
    u8 nr;
    int group; /* reg field; -1: a register; -2: no modrm */
    bool byte;
    u8 imm;      /* bytes of it at 32-bit operands; 4 are 2 at 16-bit ones */
    bool lock;   /* may be locked */
    u64 defined; /* flags that the manual defines */
};

/* clang-format off */
static const struct form forms[] = {
    {"mov r",      {0x89}, 1, -1, false, 0, false, ALL_FLAGS},
    {"mov rb",     {0x88}, 1, -1, true,  0, false, ALL_FLAGS},
    {"mov imm",    {0xc7}, 1, 0,  false, 4, false, ALL_FLAGS},
    {"mov immb",   {0xc6}, 1, 0,  true,  1, false, ALL_FLAGS},
    {"stos",       {0xab}, 1, -2, false, 0, false, ALL_FLAGS},
    {"stosb",      {0xaa}, 1, -2, true,  0, false, ALL_FLAGS},
    {"movs",       {0xa5}, 1, -2, false, 0, false, ALL_FLAGS},
    {"movsb",      {0xa4}, 1, -2, true,  0, false, ALL_FLAGS},
    {"xchg",       {0x87}, 1, -1, false, 0, true,  ALL_FLAGS},
    {"xchgb",      {0x86}, 1, -1, true,  0, true,  ALL_FLAGS},
    {"cmpxchg",    {0x0f, 0xb1}, 2, -1, false, 0, true, ALL_FLAGS},
    {"cmpxchgb",   {0x0f, 0xb0}, 2, -1, true,  0, true, ALL_FLAGS},
    {"xadd",       {0x0f, 0xc1}, 2, -1, false, 0, true, ALL_FLAGS},
    {"xaddb",      {0x0f, 0xc0}, 2, -1, true,  0, true, ALL_FLAGS},
    {"add",        {0x01}, 1, -1, false, 0, true, ALL_FLAGS},
    {"addb",       {0x00}, 1, -1, true,  0, true, ALL_FLAGS},
    {"or",         {0x09}, 1, -1, false, 0, true, ALL_FLAGS & ~AF},
    {"orb",        {0x08}, 1, -1, true,  0, true, ALL_FLAGS & ~AF},
    {"adc",        {0x11}, 1, -1, false, 0, true, ALL_FLAGS},
    {"adcb",       {0x10}, 1, -1, true,  0, true, ALL_FLAGS},
    {"sbb",        {0x19}, 1, -1, false, 0, true, ALL_FLAGS},
    {"sbbb",       {0x18}, 1, -1, true,  0, true, ALL_FLAGS},
    {"and",        {0x21}, 1, -1, false, 0, true, ALL_FLAGS & ~AF},
    {"andb",       {0x20}, 1, -1, true,  0, true, ALL_FLAGS & ~AF},
    {"sub",        {0x29}, 1, -1, false, 0, true, ALL_FLAGS},
    {"subb",       {0x28}, 1, -1, true,  0, true, ALL_FLAGS},
    {"xor",        {0x31}, 1, -1, false, 0, true, ALL_FLAGS & ~AF},
    {"xorb",       {0x30}, 1, -1, true,  0, true, ALL_FLAGS & ~AF},
    {"add imm",    {0x81}, 1, 0, false, 4, true, ALL_FLAGS},
    {"adc imm8",   {0x83}, 1, 2, false, 1, true, ALL_FLAGS},
    {"sbb immb",   {0x80}, 1, 3, true,  1, true, ALL_FLAGS},
    {"and imm8",   {0x83}, 1, 4, false, 1, true, ALL_FLAGS & ~AF},
    {"and imm",    {0x81}, 1, 4, false, 4, true, ALL_FLAGS & ~AF},
    {"xor immb",   {0x80}, 1, 6, true,  1, true, ALL_FLAGS & ~AF},
    {"inc",        {0xff}, 1, 0, false, 0, true, ALL_FLAGS},
    {"incb",       {0xfe}, 1, 0, true,  0, true, ALL_FLAGS},
    {"dec",        {0xff}, 1, 1, false, 0, true, ALL_FLAGS},
    {"decb",       {0xfe}, 1, 1, true,  0, true, ALL_FLAGS},
    {"not",        {0xf7}, 1, 2, false, 0, true, ALL_FLAGS},
    {"notb",       {0xf6}, 1, 2, true,  0, true, ALL_FLAGS},
    {"neg",        {0xf7}, 1, 3, false, 0, true, ALL_FLAGS},
    {"negb",       {0xf6}, 1, 3, true,  0, true, ALL_FLAGS},
    {"bts",        {0x0f, 0xab}, 2, -1, false, 0, true, CF | ZF},
    {"btr",        {0x0f, 0xb3}, 2, -1, false, 0, true, CF | ZF},
    {"btc",        {0x0f, 0xbb}, 2, -1, false, 0, true, CF | ZF},
    {"bts imm",    {0x0f, 0xba}, 2, 5, false, 1, true, CF | ZF},
    {"btr imm",    {0x0f, 0xba}, 2, 6, false, 1, true, CF | ZF},
    {"btc imm",    {0x0f, 0xba}, 2, 7, false, 1, true, CF | ZF},
    {"cmpxchg8b",  {0x0f, 0xc7}, 2, 1, false, 0, true, ALL_FLAGS},
    {"movnti",     {0x0f, 0xc3}, 2, -1, false, 0, false, ALL_FLAGS},
};
/* clang-format on */

#define AREA 65536 /* bytes around the operand that a bit number may reach */

struct trial {
    u8 *code; /* executable */
    u8 *native, *emulated;
};

/* Encode the form with random prefixes, register and immediate. */
static unsigned int encode(const struct form *form, u8 *code)
{
    bool wide = form->bytes[1] == 0xc7 ? false : rand() % 2;
    bool opsize = form->bytes[1] < 0xc3 && rand() % 3 == 0;
    bool rex = wide || rand() % 2;
    unsigned int reg = (unsigned int)rand() % 8, n = 0;
    u8 rex_r = rand() % 2 ? 4 : 0;

    if (opsize)
        code[n++] = 0x66;
    if (form->lock && rand() % 2)
        code[n++] = 0xf0;
    if (rex)
        code[n++] = 0x40 | (wide ? 8 : 0) | (form->group == -1 ? rex_r : 0);
    memcpy(code + n, form->bytes, form->nr);
    n += form->nr;
    if (reg == 4)
        reg = 5; /* rsp is in use */
    if (form->group != -2)
        code[n++] = ((form->group < 0 ? reg : (u8)form->group) << 3) | 7;
    for (int i = form->imm == 4 && opsize && !wide ? 2 : form->imm; i > 0; i--)
        code[n++] = (u8)rand();
    return n;
}

static u64 random_u64(void)
{
    u64 value = ((u64)rand() << 42) ^ ((u64)rand() << 21) ^ (u64)rand();

    return rand() % 4 ? value : (u64)(s64)(s8)value;
}

static void make_registers(struct cpu_regs *regs, const struct trial *t)
{
    u64 *reg = &regs->r15;

    for (int i = 0; i < 14; i++)
        reg[i] = rand() % 2 ? random_u64() : (u64)(rand() % 200000 - 100000);
    regs->rdi = (u64)t->native + AREA;
    regs->rflags = X86_EFLAGS_IF | X86_EFLAGS_MBS |
                   ((u64)rand() & (ALL_FLAGS | X86_EFLAGS_DF));
    if (rand() % 2)
        memcpy(&regs->rax, t->native + AREA, 8);
    if (rand() % 2) {
        memcpy(&regs->rdx, t->native + AREA + 4, 4);
        memcpy(&regs->rax, t->native + AREA, 4);
    }
}

/* A bit number in a register must stay within the area. */
static bool is_bit_form(const struct form *form)
{
    return form->nr == 2 && form->group == -1 && (form->bytes[1] & 7) == 3 &&
           form->bytes[1] != 0xc3;
}

static bool reaches_too_far(const struct form *form, const struct insn *insn,
                            const struct cpu_regs *regs)
{
    s64 bit = (s64)insn_reg(regs, insn->reg);

    if (!is_bit_form(form) && form->bytes[1] != 0xab)
        return false;
    if (insn->op_bytes == 4)
        bit = (s32)bit;
    return insn->op_bytes > 2 && (bit < -AREA * 7 || bit > AREA * 7);
}

static void emulate(const struct insn *insn, struct cpu_regs *regs,
                    const struct trial *t)
{
    u8 *target = t->emulated + (insn->addr - (u64)t->native);
    struct insn_effect effect;
    u64 old = 0, source = 0;

    memcpy(&old, target, insn->op_bytes);
    if (insn->kind == INSN_MOVS)
        memcpy(&source, (const void *)insn->src_addr, insn->op_bytes);
    assert_int_equal(insn_store_result(insn, regs, old, source, &effect), 0);
    memcpy(target, &effect.value, insn->op_bytes);
    insn_complete(insn, &effect, regs);
}

static void compare_once(const struct form *form, const struct trial *t)
{
    struct cpu_regs ours = {0}, native;
    struct insn_context ctx = {.regs = &ours};
    unsigned int len = encode(form, t->code);
    u64 source[2] = {random_u64(), random_u64()};
    struct insn insn;

    t->code[len] = 0xc3; /* ret */
    make_registers(&ours, t);
    if (form->group == -2)
        ours.rsi = (u64)source;
    native = ours;
    assert_int_equal(insn_decode(t->code, len, &ctx, &insn), 0);
    assert_true(insn_is_store(&insn));
    assert_int_equal(insn.len, len);
    if (reaches_too_far(form, &insn, &ours))
        return;

    run_native(&native, t->code);
    emulate(&insn, &ours, t);
    assert_int_equal(ours.rip, len);
    ours.rip = 0;
    assert_int_equal(ours.rflags & form->defined,
                     native.rflags & form->defined);
    ours.rflags = native.rflags;
    assert_memory_equal(&ours, &native, sizeof(ours));
    assert_memory_equal(t->emulated, t->native, 2 * AREA);
}

static u8 *map_memory(int prot)
{
    u8 *p = mmap(NULL, 2 * AREA, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(p, MAP_FAILED);
    return p;
}

static void stores_do_what_the_cpu_does(void **state)
{
    struct trial t = {
        .code = map_memory(PROT_READ | PROT_WRITE | PROT_EXEC),
        .native = map_memory(PROT_READ | PROT_WRITE),
        .emulated = map_memory(PROT_READ | PROT_WRITE),
    };

    (void)state;
    fill_random(t.native, 2 * AREA);
    memcpy(t.emulated, t.native, 2 * AREA);
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
        for (int n = 0; n < 300; n++)
            compare_once(&forms[i], &t);

    munmap(t.code, 2 * AREA);
    munmap(t.native, 2 * AREA);
    munmap(t.emulated, 2 * AREA);
}

static void result_of_no_store_is_einval(void **state)
{
    struct insn insn = {.kind = INSN_CLI, .op_bytes = 4};
    struct insn_effect effect;

    (void)state;
    assert_int_equal(insn_store_result(&insn, &some_regs, 0, 0, &effect),
                     -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_encodings_decode),
        cmocka_unit_test(every_truncation_is_enodata),
        cmocka_unit_test(other_encodings_are_unknown),
        cmocka_unit_test(sixteen_bytes_are_einval),
        cmocka_unit_test(lock_where_it_is_not_allowed_is_einval),
        cmocka_unit_test(control_register_numbers_include_rex),
        cmocka_unit_test(random_bytes_are_read_within_bounds),
        cmocka_unit_test(lengths_equal_those_of_capstone),
        cmocka_unit_test(stores_do_what_the_cpu_does),
        cmocka_unit_test(result_of_no_store_is_einval),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
