/* Clause 10: output files, in four parts. staging.c: unfinished and replaced files, and the journal of both; places.c:
 * directories and names; publish.c: giving finished files their names; output.c: the sink, and nntc_decode_to. */
#ifndef NNTC_OUTPUT_H
#define NNTC_OUTPUT_H

#define _FILE_OFFSET_BITS 64
#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE 1 /* flock */
#define _DARWIN_C_SOURCE 1
#include "nntc_posix.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NNTC_NAME = 1100, NNTC_SHORT = 32, NNTC_HELD = 65536 };

typedef struct nntc_written { /* an output file */
    bool begun, replaces, placed;
    dev_t device;
    ino_t inode;
} nntc_written;

typedef struct nntc_text { /* a buffer that grows */
    char *data;
    size_t size, room;
} nntc_text;

typedef struct nntc_output {
    const nntc *handle;
    int folder;  /* directory of output file 0 */
    int staging; /* staging folder in it, locked; -1 before there is one */
    char staging_name[NNTC_SHORT];
    char base[256];
    uint32_t count;
    nntc_written *files;
    int descriptor;   /* of the file that is being written */
    uint32_t current; /* its number */
    size_t held;      /* bytes of it that are not yet written, in ahead */
    bool replace;
    nntc_text made; /* directories made, each ended by 0 */
    char *message;
    size_t message_size;
    char ahead[NNTC_HELD];
} nntc_output;

int nntc_refuse(nntc_output *o, const char *format, ...); /* sets the message; returns 1 */
bool nntc_append(nntc_text *text, const void *data, size_t size);

/* staging.c. Names of files in a staging folder: number.part, number.old, journal. */
void nntc_staged(uint32_t number, const char *kind, char name[NNTC_SHORT]);
int nntc_stage(nntc_output *o); /* settles what killed runs have left, makes a folder of its own; one run for a target */
int nntc_lock_folder(nntc_output *o); /* lets one run at a time stage and publish in a folder; 0 without locks too */
void nntc_unlock_folder(nntc_output *o);
void nntc_take_back(int folder, int staging); /* a set that is not complete */
void nntc_settle(int folder, int staging, const char *name); /* takes back, and removes the folder */
int nntc_write_whole(int descriptor, const char *data, size_t size);

/* places.c. The directory of the relative path name below folder, component after component, never through a link
 * a descriptor, or -1. *last: where the last component begins. o: makes what is missing; NULL: does not. */
int nntc_enter(nntc_output *o, int folder, const char *name, const char **last);
bool nntc_is_below(const char *name);                               /* a relative path that never leads upwards */
int nntc_check_places(nntc_output *o);                              /* before anything gets its name */
void nntc_name_of(const nntc_output *o, uint32_t number, char name[NNTC_NAME]); /* base for number 0 */

int nntc_publish(nntc_output *o); /* publish.c */

#endif
