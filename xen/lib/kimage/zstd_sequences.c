/* SPDX-License-Identifier: MIT */
/*
 * The second part of a zstd block: sequences, each some literals and a match.
 *
 * Three FSE states run through one backward stream, for the codes of literal
 * length, match distance and match length; extra bits follow each code.
 */
#include "xen/string.h"

#include "zstd_internal.h"

#define NR_LITERAL_CODES 36
#define NR_MATCH_CODES   53
#define NR_OFFSET_CODES  32

#define LITERAL_LOG_MAX  9
#define MATCH_LOG_MAX    9
#define OFFSET_LOG_MAX   8

#define MODES_RESERVED   3

#define LITERAL_COPY     16 /* short literals are copied in this size */

enum table_mode {
    MODE_PREDEFINED,
    MODE_SINGLE,
    MODE_FSE,
    MODE_REPEAT,
};

/* clang-format off */
static const uint32_t literal_base[NR_LITERAL_CODES] = {
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22,
    24, 28, 32, 40, 48, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384,
    32768, 65536,
};
static const uint8_t literal_extra[NR_LITERAL_CODES] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1,
    2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
};
static const uint32_t match_base[NR_MATCH_CODES] = {
    3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
    23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 37, 39, 41, 43, 47,
    51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051, 4099, 8195, 16387, 32771,
    65539,
};
static const uint8_t match_extra[NR_MATCH_CODES] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2,
    3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
};
static const int16_t literal_probs[NR_LITERAL_CODES] = {
    4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2,
    2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1,
};
static const int16_t match_probs[NR_MATCH_CODES] = {
    1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
};
static const int16_t offset_probs[] = {
    1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, -1, -1, -1, -1, -1,
};
/* clang-format on */

/* One of the three codes, with what a predefined table is made of. */
struct code {
    const int16_t *probs;
    unsigned int nr_probs;
    unsigned int log;
    unsigned int nr;
    unsigned int max_log;
};

static const struct code literal_code = {literal_probs, NR_LITERAL_CODES, 6,
                                         NR_LITERAL_CODES, LITERAL_LOG_MAX};
static const struct code match_code = {match_probs, NR_MATCH_CODES, 6,
                                       NR_MATCH_CODES, MATCH_LOG_MAX};
static const struct code offset_code = {offset_probs, ARRAY_SIZE(offset_probs),
                                        5, NR_OFFSET_CODES, OFFSET_LOG_MAX};

static bool table_read(struct fse_table *table, const struct code *code,
                       enum table_mode mode, const uint8_t **p_inout,
                       const uint8_t *end)
{
    switch (mode) {
    case MODE_PREDEFINED:
        fse_build(table, code->probs, code->nr_probs, code->log);
        return true;
    case MODE_SINGLE:
        if (*p_inout >= end || **p_inout >= code->nr)
            return false;
        fse_build_single(table, *(*p_inout)++);
        return true;
    case MODE_FSE:
        return fse_read(table, p_inout, end, code->nr, code->max_log);
    default:
        return table->valid;
    }
}

/* Read the number of sequences and, unless it is 0, the tables. */
static int header_read(struct kimage_job *job, struct zstd *s,
                       const uint8_t *end, unsigned int *nr_out)
{
    const uint8_t *p = job->in;
    unsigned int nr, modes, bytes;

    if (p >= end)
        return zstd_cut_off(job);
    nr = p[0];
    bytes = nr < 128 ? 1 : nr < 255 ? 2 : 3;
    if ((size_t)(end - p) < bytes + (nr ? 1 : 0))
        return zstd_cut_off(job);
    if (nr == 255)
        nr = load_le16(p + 1) + 0x7f00u;
    else if (nr >= 128)
        nr = (nr - 128) << 8 | p[1];
    p += bytes;
    *nr_out = nr;
    if (nr) {
        modes = *p++;
        if (modes & MODES_RESERVED ||
            !table_read(&s->literal_length, &literal_code, modes >> 6, &p,
                        end) ||
            !table_read(&s->offset, &offset_code, modes >> 4 & 3, &p, end) ||
            !table_read(&s->match_length, &match_code, modes >> 2 & 3, &p, end))
            return zstd_damaged(job);
    }
    job->in = p;
    return 0;
}

/* The distance that a value stands for: a new one, or one of the latest. */
KIMAGE_INLINE uint32_t distance_pick(uint32_t *rep, uint64_t value,
                                     bool no_literals)
{
    uint32_t dist;

    if (likely(value > 3)) {
        dist = (uint32_t)(value - 3);
    } else {
        unsigned int i = (unsigned int)value - 1 + no_literals;

        if (i == 0)
            return rep[0];
        dist = i < 3 ? rep[i] : rep[0] - 1;
        if (i == 1) {
            rep[1] = rep[0];
            rep[0] = dist;
            return dist;
        }
    }
    rep[2] = rep[1];
    rep[1] = rep[0];
    rep[0] = dist;
    return dist;
}

/* Move len literals to the output. */
KIMAGE_INLINE bool literals_put(struct zstd *s, uint8_t *out, size_t len,
                                size_t room)
{
    const uint8_t *in = s->literal;

    if (len > (size_t)(s->literal_end - in) || len > room)
        return false;
    s->literal = in + len;
    if (likely(len <= LITERAL_COPY && room >= LITERAL_COPY &&
               s->literal_limit - in >= LITERAL_COPY)) {
        copy8(out, in);
        copy8(out + 8, in + 8);
    } else {
        memcpy(out, in, len);
    }
    return true;
}

/* Why literals_put() refused. */
static int literals_fail(struct kimage_job *job, const struct zstd *s,
                         size_t len)
{
    if (len > (size_t)(s->literal_end - s->literal))
        return zstd_damaged(job);
    return job_fail(job, -ENOSPC, "kernel unpacks to more than it says");
}

/* Carry out nr sequences from the stream that job->in to `end` holds. */
static int sequences_run(struct kimage_job *job, struct zstd *s,
                         const uint8_t *end, unsigned int nr)
{
    unsigned int literal_state, offset_state, match_state;
    uint8_t *out = job->out;
    struct back_bits b;

    if (!back_open(&b, job->in, end))
        return zstd_damaged(job);
    literal_state = fse_start(&s->literal_length, &b);
    offset_state = fse_start(&s->offset, &b);
    match_state = fse_start(&s->match_length, &b);
    for (;;) {
        const struct fse_entry *le = &s->literal_length.entry[literal_state];
        const struct fse_entry *oe = &s->offset.entry[offset_state];
        const struct fse_entry *me = &s->match_length.entry[match_state];
        size_t literals, len;
        uint64_t value;
        uint32_t dist;

        back_fill(&b);
        value = ((uint64_t)1 << oe->symbol) + back_take(&b, oe->symbol);
        back_fill(&b);
        len = match_base[me->symbol] +
              (size_t)back_take(&b, match_extra[me->symbol]);
        literals = literal_base[le->symbol] +
                   (size_t)back_take(&b, literal_extra[le->symbol]);
        if (unlikely(back_overrun(&b)))
            return zstd_damaged(job);

        dist = distance_pick(s->rep, value, literals == 0);
        if (!literals_put(s, out, literals, (size_t)(job->out_end - out)))
            return literals_fail(job, s, literals);
        out += literals;
        if (dist == 0 || dist > (size_t)(out - job->out_start))
            return job_fail(job, -EIO, "damaged zstd data: wrong distance");
        if (len > (size_t)(job->out_end - out))
            return job_fail(job, -ENOSPC,
                            "kernel unpacks to more than it says");
        match_copy(out, dist, len, (size_t)(job->out_end - out));
        out += len;

        if (--nr == 0)
            break;
        back_fill(&b);
        literal_state = fse_next(le, &b);
        match_state = fse_next(me, &b);
        offset_state = fse_next(oe, &b);
    }
    back_fill(&b);
    if (!back_at_start(&b))
        return zstd_damaged(job);
    job->out = out;
    job->in = end;
    return 0;
}

int zstd_sequences_unpack(struct kimage_job *job, struct zstd *s,
                          const uint8_t *end)
{
    unsigned int nr;
    size_t rest;
    int rc = header_read(job, s, end, &nr);

    if (!rc && nr)
        rc = sequences_run(job, s, end, nr);
    if (rc)
        return rc;
    if (job->in != end)
        return zstd_damaged(job);
    rest = (size_t)(s->literal_end - s->literal);
    if (!literals_put(s, job->out, rest, job_out_left(job)))
        return literals_fail(job, s, rest);
    job->out += rest;
    return 0;
}
