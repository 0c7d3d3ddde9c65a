/* SPEC.md 9.5, 9.7, 9.8: from tokens to elements, by what the processor has. */
#include "reconstruct_body.h"

enum { STRETCH = 2048, MOST_COLUMNS = 65536 };

u64 reconstruct_stretch(const reconstruction *r) {
    u64 period = r->transform == NULL ? 1 : period_of(r->transform);
    return period >= STRETCH ? period : STRETCH / period * period;
}

u64 reconstruct_columns(const reconstruction *r) { return r->column_codes != NULL && r->columns <= MOST_COLUMNS ? r->columns : 0; }

size_t reconstruct_scratch(const reconstruction *r) {
    u64 after = padded_doubles(reconstruct_columns(r)) + (r->transform == NULL ? 0 : transform_scratch(r->transform));
    return (size_t)(padded_doubles(reconstruct_stretch(r)) + after) * sizeof(double);
}

bool reconstruct(const reconstruction *r, void *scratch) {
#ifdef KERNELS_X86
    if (kernels_processor.avx512) return reconstruct_avx512(r, scratch);
    if (kernels_processor.avx2) return reconstruct_avx2(r, scratch);
#endif
    return reconstruct_all(r, scratch);
}
