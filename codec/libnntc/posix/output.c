/* Clause 10: output files, all there or none, R-600 and R-601. */
#include "output.h"

#include <stdarg.h>

int nntc_refuse(nntc_output *o, const char *format, ...) {
    va_list list;
    if (o->message != NULL && o->message_size > 0) {
        va_start(list, format);
        vsnprintf(o->message, o->message_size, format, list);
        va_end(list);
    }
    return 1;
}

/* Elements come some hundred at a time. */
static int write_held(nntc_output *o) {
    size_t held = o->held;
    o->held = 0;
    if (held == 0 || nntc_write_whole(o->descriptor, o->ahead, held) == 0) return 0;
    return nntc_refuse(o, "%s: %s", o->base, strerror(errno));
}

static int close_file(nntc_output *o) {
    int failed = 0;
    if (o->descriptor < 0) return 0;
    if (write_held(o) != 0) return 1;
    if (fsync(o->descriptor) != 0 && errno != EINVAL) failed = errno; /* forced to storage */
    if (close(o->descriptor) != 0) failed = errno;
    o->descriptor = -1;
    return failed ? nntc_refuse(o, "%s: %s", o->base, strerror(failed)) : 0;
}

static int begin(void *context, uint32_t number, uint64_t size) {
    nntc_output *o = context;
    struct stat status;
    char name[NNTC_SHORT];
    (void)size;
    if (close_file(o) != 0) return 1;
    if (o->staging < 0 && nntc_stage(o) != 0) return 1;
    nntc_staged(number, "part", name);
    o->descriptor = openat(o->staging, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (o->descriptor < 0 || fstat(o->descriptor, &status) != 0) return nntc_refuse(o, "%s: %s", o->base, strerror(errno));
    o->current = number;
    o->files[number].begun = true;
    o->files[number].device = status.st_dev;
    o->files[number].inode = status.st_ino;
    return 0;
}

static int put(void *context, const void *data, size_t length) {
    nntc_output *o = context;
    if (length > NNTC_HELD - o->held && write_held(o) != 0) return 1;
    if (length <= NNTC_HELD) {
        memcpy(o->ahead + o->held, data, length);
        o->held += length;
        return 0;
    }
    return nntc_write_whole(o->descriptor, data, length) == 0 ? 0 : nntc_refuse(o, "%s: %s", o->base, strerror(errno));
}

static int get(void *context, uint32_t number, uint64_t offset, void *dst, size_t length) {
    nntc_output *o = context;
    char name[NNTC_SHORT], *p = dst;
    int from = o->descriptor;
    if (write_held(o) != 0) return 1;
    if (number != o->current) {
        nntc_staged(number, "part", name);
        from = openat(o->staging, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
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
    return length == 0 ? 0 : nntc_refuse(o, "%s: %s", o->base, strerror(errno));
}

static void discard(nntc_output *o) { /* settling removes what has no name yet */
    if (o->descriptor >= 0) close(o->descriptor);
    if (o->staging >= 0) {
        nntc_settle(o->folder, o->staging, o->staging_name);
        close(o->staging);
    }
    if (o->folder >= 0) close(o->folder);
    free(o->made.data);
    free(o->files);
}

/* Opens the directory of path; base is what comes after its last slash. */
static int open_folder(nntc_output *o, const char *path, const char *base) {
    size_t length = (size_t)(base - path);
    if (base[0] == 0 || strcmp(base, ".") == 0 || strcmp(base, "..") == 0 || strlen(base) >= sizeof o->base)
        return nntc_refuse(o, "%s: no name for a file", path);
    memcpy(o->base, base, strlen(base) + 1);
    char *folder = malloc(length + 2);
    if (folder == NULL || o->files == NULL) {
        free(folder);
        return nntc_refuse(o, "%s: %s", path, strerror(ENOMEM));
    }
    memcpy(folder, length == 0 ? "." : path, length == 0 ? 1 : length);
    folder[length == 0 ? 1 : length] = 0;
    o->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (o->folder < 0) nntc_refuse(o, "%s: %s", folder, strerror(errno));
    free(folder);
    return o->folder < 0;
}

nntc_error nntc_decode_to(const nntc *handle, const char *path, int replace, nntc_memory memory, char *message, size_t size) {
    nntc_output o;
    nntc_error error = {NNTC_SINK, 0};
    const char *slash = strrchr(path, '/');
    memset(&o, 0, offsetof(nntc_output, ahead));
    o.handle = handle;
    o.count = nntc_summarize(handle).files;
    o.replace = replace != 0;
    o.descriptor = o.folder = o.staging = -1;
    o.message = message;
    o.message_size = size;
    o.files = calloc(o.count + 1u, sizeof *o.files);
    if (open_folder(&o, path, slash == NULL ? path : slash + 1) == 0) {
        nntc_sink sink = {begin, put, get, &o};
        error = nntc_decode_all(handle, &sink, memory);
        if (error.id == NNTC_OK && (close_file(&o) != 0 || nntc_publish(&o) != 0)) error.id = NNTC_SINK;
    }
    discard(&o);
    return error;
}
