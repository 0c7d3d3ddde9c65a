/* nntc_posix.h: files and malloc around the core of nntc.h, for systems with POSIX. */
#ifndef NNTC_POSIX_H
#define NNTC_POSIX_H

#include "nntc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Memory from malloc. All of it is freed by nntc_heap_free; most is the largest sum of bytes held at a time. */
typedef struct nntc_heap {
    void *blocks, *scratch;
    size_t scratch_size, held, most;
} nntc_heap;
nntc_memory nntc_heap_memory(nntc_heap *heap); /* heap begins as {0}, and must outlive what this returns */
void nntc_heap_free(nntc_heap *heap);

/* A file on disk as a source. Returns 0 and the open descriptor in *descriptor (the caller closes it), or errno. */
int nntc_file_source(const char *path, int *descriptor, nntc_source *source);

/* Reads a public key of Ed25519 from a PEM file (SubjectPublicKeyInfo, as openssl writes it). Returns 0, errno, or -1 if it is
 * no such key. */
int nntc_public_key(const char *path, unsigned char key[32]);

/* All output files one after another in a block of the caller's: data, of nntc_summarize(handle).output bytes or more. at
 * begins as 0 and is how many are there. The file number begins at start of nntc_get_file. */
typedef struct nntc_block {
    const nntc *handle;
    unsigned char *data;
    size_t size, at;
} nntc_block;
nntc_sink nntc_block_sink(nntc_block *block); /* the block must outlive what this returns */

/* Decodes everything to path and the external data files beside it (SPEC.md, clause 10): temporary names in the
 * directory of path, fsync, rename, output file 0 last; after a failure nothing is left. replace: existing files may be
 * replaced and existing directories used. message (size bytes, may be NULL) says in one line why NNTC_SINK came. */
nntc_error nntc_decode_to(const nntc *handle, const char *path, int replace, nntc_memory memory, char *message, size_t size);

#ifdef __cplusplus
}
#endif
#endif
