/* Clause 10: output files.. (R-606 concerns systems that have no POSIX.) */
#define _FILE_OFFSET_BITS 64
#define _POSIX_C_SOURCE 200809L
#include "nntc_posix.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME = 1100, TEMPORARY = 48 };

typedef struct written { /* an output file that has been written under a temporary name */
    bool temporary, placed, made_file;
    dev_t device;
    ino_t inode;
} written;

typedef struct output {
    const nntc *handle;
    int folder; /* directory of output file 0 */
    char base[256];
    long tag;
    uint32_t count, begun;
    written *files;
    int descriptor;
    bool replace;
    char *made; /* directories made, each ended by 0 */
    size_t made_size, made_room;
    char *message;
    size_t message_size;
} output;

static int refuse(output *o, const char *format, ...) {
    va_list list;
    if (o->message != NULL && o->message_size > 0) {
        va_start(list, format);
        vsnprintf(o->message, o->message_size, format, list);
        va_end(list);
    }
    return 1;
}

static void temporary_name(const output *o, uint32_t number, char name[TEMPORARY]) {
    snprintf(name, TEMPORARY, ".nntc-%ld-%ld-%lu", (long)getpid(), o->tag, (unsigned long)number);
}

static int close_file(output *o) {
    int failed = 0;
    if (o->descriptor < 0) return 0;
    if (fsync(o->descriptor) != 0 && errno != EINVAL) failed = 1; /* forced to storage */
    if (close(o->descriptor) != 0) failed = 1;
    o->descriptor = -1;
    return failed ? refuse(o, "%s: %s", o->base, strerror(errno)) : 0;
}

static int begin(void *context, uint32_t number, uint64_t size) {
    output *o = context;
    char name[TEMPORARY];
    struct stat status;
    (void)size;
    if (close_file(o) != 0) return 1;
    temporary_name(o, number, name);
    o->descriptor = openat(o->folder, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (o->descriptor < 0) return refuse(o, "%s: %s", name, strerror(errno));
    o->files[number].temporary = true;
    o->begun = number + 1;
    if (fstat(o->descriptor, &status) != 0) return refuse(o, "%s: %s", name, strerror(errno));
    o->files[number].device = status.st_dev;
    o->files[number].inode = status.st_ino;
    return 0;
}

static int put(void *context, const void *data, size_t length) {
    output *o = context;
    const char *p = data;
    while (length > 0) {
        ssize_t done = write(o->descriptor, p, length < (1u << 30) ? length : (1u << 30));
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return refuse(o, "%s: %s", o->base, strerror(errno));
        p += done;
        length -= (size_t)done;
    }
    return 0;
}

static int get(void *context, uint32_t number, uint64_t offset, void *dst, size_t length) {
    output *o = context;
    char name[TEMPORARY], *p = dst;
    int from = o->descriptor;
    if (number + 1 != o->begun) {
        temporary_name(o, number, name);
        from = openat(o->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    }
    while (from >= 0 && length > 0) {
        ssize_t done = pread(from, p, length, (off_t)offset);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) break;
        p += done;
        offset += (uint64_t)done;
        length -= (size_t)done;
    }
    if (from >= 0 && from != o->descriptor) close(from);
    return length == 0 ? 0 : refuse(o, "%s: %s", o->base, strerror(errno));
}

/* Whether place is an output file that has been put in its place before, under whatever name. */
static bool is_own(const output *o, int folder, const char *place) {
    struct stat status;
    if (fstatat(folder, place, &status, AT_SYMLINK_NOFOLLOW) != 0) return false;
    for (uint32_t i = 1; i < o->count; i++)
        if (o->files[i].placed && o->files[i].device == status.st_dev && o->files[i].inode == status.st_ino) return true;
    return false;
}

static bool made_before(const output *o, const char *path) {
    for (size_t at = 0; at < o->made_size; at += strlen(o->made + at) + 1)
        if (strcmp(o->made + at, path) == 0) return true;
    return false;
}

static int remember(output *o, const char *path) {
    size_t size = strlen(path) + 1;
    if (o->made_size + size > o->made_room) {
        size_t room = 2 * (o->made_size + size);
        char *larger = realloc(o->made, room);
        if (larger == NULL) return refuse(o, "%s: %s", path, strerror(ENOMEM));
        o->made = larger;
        o->made_room = room;
    }
    memcpy(o->made + o->made_size, path, size);
    o->made_size += size;
    return 0;
}

/* Opens the directory of the file name, component after component, never through a link; makes what is missing
 * if make is set. Returns a descriptor, or -1. *last: where the last component begins. */
static int enter(output *o, const char *name, bool make, const char **last) {
    char path[NAME];
    int folder = dup(o->folder);
    const char *component = name, *slash;
    while (folder >= 0 && (slash = strchr(component, '/')) != NULL) {
        size_t length = (size_t)(slash - name);
        memcpy(path, name, length);
        path[length] = 0;
        const char *part = path + (component - name);
        bool fresh = make && mkdirat(folder, part, 0777) == 0;
        if (make && !fresh && errno != EEXIST) refuse(o, "%s: %s", path, strerror(errno));
        if (fresh && remember(o, path) != 0) fresh = false;
        if (make && !fresh && !o->replace && !made_before(o, path)) { /* */
            refuse(o, "%s exists; files are put there only if told to", path);
            close(folder);
            return -1;
        }
        int next = openat(folder, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (next < 0) refuse(o, "%s: %s", path, strerror(errno));
        close(folder);
        folder = next;
        component = slash + 1;
    }
    *last = component;
    return folder;
}

static int place(output *o, uint32_t number, const char *name) {
    char temporary[TEMPORARY];
    const char *last = name;
    int folder = enter(o, name, true, &last), failed = 0;
    if (folder < 0) return 1;
    temporary_name(o, number, temporary);
    if (is_own(o, folder, last)) failed = refuse(o, "%s is another output file too", name);
    if (!failed && !o->replace) { /* created exclusively */
        int fresh = openat(folder, last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (fresh < 0) failed = refuse(o, "%s: %s", name, strerror(errno));
        else close(fresh), o->files[number].made_file = true;
    }
    if (!failed && renameat(o->folder, temporary, folder, last) != 0) failed = refuse(o, "%s: %s", name, strerror(errno));
    if (!failed) {
        o->files[number].temporary = false;
        o->files[number].placed = true;
        fsync(folder);
    }
    close(folder);
    return failed;
}

static void name_of(const output *o, uint32_t number, char name[NAME]) {
    nntc_file file;
    name[0] = 0;
    if (nntc_get_file(o->handle, number, &file).id != NNTC_OK || file.name == NULL || file.name_length >= NAME) return;
    memcpy(name, file.name, file.name_length);
    name[file.name_length] = 0;
}

static bool alone(const output *o) { /* whether the directory holds nothing but output file 0 */
    int copy = openat(o->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = copy < 0 ? NULL : fdopendir(copy);
    const struct dirent *entry;
    bool others = list == NULL;
    char own[TEMPORARY];
    snprintf(own, sizeof own, ".nntc-%ld-%ld-", (long)getpid(), o->tag);
    while (!others && (entry = readdir(list)) != NULL)
        others = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && strcmp(entry->d_name, o->base) != 0 &&
                 strncmp(entry->d_name, own, strlen(own)) != 0;
    if (list != NULL) closedir(list);
    else if (copy >= 0) close(copy);
    return !others;
}

static int publish(output *o) {
    char name[NAME];
    bool quiet = o->replace || alone(o);
    for (uint32_t i = 1; i < o->count; i++) {
        name_of(o, i, name);
        if (strcmp(name, o->base) == 0) return refuse(o, "%s is also the name of output file 0", name); /* */
        if (!quiet && (name[0] == '.' || strstr(name, "/.") != NULL))
            return refuse(o, "%s would be hidden among other files", name); /* */
    }
    for (uint32_t i = 1; i < o->count; i++) {
        name_of(o, i, name);
        if (place(o, i, name) != 0) return 1;
    }
    if (is_own(o, o->folder, o->base)) return refuse(o, "%s is another output file too", o->base); /* */
    temporary_name(o, 0, name);
    if (renameat(o->folder, name, o->folder, o->base) != 0) return refuse(o, "%s: %s", o->base, strerror(errno));
    o->files[0].temporary = false;
    fsync(o->folder);
    return 0;
}

static void discard(output *o, bool failed) { /* */
    char name[NAME];
    if (o->descriptor >= 0) close(o->descriptor);
    for (uint32_t i = 0; i < o->begun; i++) {
        if (o->files[i].temporary) {
            temporary_name(o, i, name);
            unlinkat(o->folder, name, 0);
        }
        if (failed && o->files[i].made_file) {
            const char *last = name;
            name_of(o, i, name);
            int folder = enter(o, name, false, &last);
            if (folder >= 0) {
                unlinkat(folder, last, 0);
                close(folder);
            }
        }
    }
    for (size_t end = failed ? o->made_size : 0; end > 0;) { /* the last first: it may lie in the one before */
        size_t start = end - 1;
        while (start > 0 && o->made[start - 1] != 0) start--;
        unlinkat(o->folder, o->made + start, AT_REMOVEDIR);
        end = start;
    }
    free(o->made);
    free(o->files);
    if (o->folder >= 0) close(o->folder);
}

nntc_error nntc_decode_to(const nntc *handle, const char *path, int replace, nntc_memory memory, char *message, size_t size) {
    output o;
    nntc_error error = {NNTC_SINK, 0};
    const char *slash = strrchr(path, '/'), *base = slash == NULL ? path : slash + 1;
    size_t length = slash == NULL ? 0 : (size_t)(slash - path);
    memset(&o, 0, sizeof o);
    o.handle = handle;
    o.count = nntc_summarize(handle).files;
    o.replace = replace != 0;
    o.descriptor = o.folder = -1;
    o.message = message;
    o.message_size = size;
    char *folder = malloc(length + 2);
    o.files = calloc(o.count + 1u, sizeof *o.files);
    if (folder == NULL || o.files == NULL || base[0] == 0 || strlen(base) >= sizeof o.base) {
        refuse(&o, "%s: %s", path, "no such place");
        free(folder);
        free(o.files);
        return error;
    }
    memcpy(folder, length == 0 ? (slash == NULL ? "." : "/") : path, length == 0 ? 1 : length);
    folder[length == 0 ? 1 : length] = 0;
    memcpy(o.base, base, strlen(base) + 1);
    o.folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (o.folder < 0) refuse(&o, "%s: %s", folder, strerror(errno));
    free(folder);
    if (o.folder >= 0) {
        struct stat status;
        if (fstat(o.folder, &status) == 0) o.tag = (long)(status.st_ino ^ (uintptr_t)&o);
        nntc_sink sink = {begin, put, get, &o};
        error = nntc_decode_all(handle, &sink, memory);
        if (error.id == NNTC_OK && (close_file(&o) != 0 || publish(&o) != 0)) error.id = NNTC_SINK;
    }
    discard(&o, error.id != NNTC_OK);
    return error;
}
