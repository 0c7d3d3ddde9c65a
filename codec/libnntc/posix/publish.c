/* Clause 10: finished files get their names, R-600, R-603, R-604, R-607. Settling takes back a set that is not complete. */
#include "output.h"

/* Whether place is an output file that has been put in its place before, under whatever name. */
static bool is_own(const nntc_output *o, int folder, const char *place) {
    struct stat status;
    if (fstatat(folder, place, &status, AT_SYMLINK_NOFOLLOW) != 0) return false;
    for (uint32_t i = 0; i < o->count; i++)
        if (o->files[i].placed && o->files[i].device == status.st_dev && o->files[i].inode == status.st_ino) return true;
    return false;
}

/* The records of the directories of name that are not there, each once. */
static bool note_folders(const nntc_output *o, const char *name, nntc_text *text, nntc_text *noted) {
    struct stat status;
    char path[NNTC_NAME];
    for (const char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        bool known = false;
        memcpy(path, name, (size_t)(slash - name));
        path[slash - name] = 0;
        for (size_t at = 0; at < noted->size && !known; at += strlen(noted->data + at) + 1) known = strcmp(noted->data + at, path) == 0;
        if (known || fstatat(o->folder, path, &status, AT_SYMLINK_NOFOLLOW) == 0) continue;
        size_t size = strlen(path) + 1;
        if (!nntc_append(text, "d ", 2) || !nntc_append(text, path, size) || !nntc_append(noted, path, size)) return false;
    }
    return true;
}

static bool note(const nntc_output *o, nntc_text *text) {
    nntc_text noted = {NULL, 0, 0};
    char name[NNTC_NAME], head[48];
    bool good = true;
    for (uint32_t i = 0; i < o->count && good; i++) {
        nntc_name_of(o, i, name);
        int size = snprintf(head, sizeof head, "f %llu %d ", (unsigned long long)o->files[i].inode, o->files[i].replaces);
        good = nntc_append(text, head, (size_t)size) && nntc_append(text, name, strlen(name) + 1);
    }
    for (uint32_t i = 1; i < o->count && good; i++) {
        nntc_name_of(o, i, name);
        good = note_folders(o, name, text, &noted);
    }
    free(noted.data);
    return good && nntc_append(text, ".", 2);
}

static int write_journal(nntc_output *o) {
    nntc_text text = {NULL, 0, 0};
    int failed = !note(o, &text), to = -1;
    if (failed) errno = ENOMEM;
    else to = openat(o->staging, "journal", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    failed = to < 0 || nntc_write_whole(to, text.data, text.size) != 0 || fsync(to) != 0;
    if (failed) nntc_refuse(o, "%s: %s", o->base, strerror(errno));
    if (to >= 0) close(to);
    free(text.data);
    if (!failed) fsync(o->staging);
    return failed;
}

/* Keeps a file that is about to be replaced until all are in place. */
static int keep(nntc_output *o, uint32_t number, int folder, const char *last) {
    char kept[NNTC_SHORT];
    nntc_staged(number, "old", kept);
    if (linkat(folder, last, o->staging, kept, 0) == 0 || renameat(folder, last, o->staging, kept) == 0) return 0;
    return nntc_refuse(o, "%s: %s", last, strerror(errno));
}

static int place(nntc_output *o, uint32_t number) {
    struct stat status;
    char name[NNTC_NAME], part[NNTC_SHORT];
    const char *last;
    nntc_name_of(o, number, name);
    nntc_staged(number, "part", part);
    int folder = nntc_enter(o, o->folder, name, &last), failed = 0;
    if (folder < 0) return 1;
    if (fstatat(folder, last, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        if (is_own(o, folder, last)) failed = nntc_refuse(o, "%s is another output file too", name);
        else if (number > 0 && !o->replace) failed = nntc_refuse(o, "%s exists; it is replaced only if told to", name);
        else if (number > 0) failed = keep(o, number, folder, last);
    }
    if (!failed && renameat(o->staging, part, folder, last) != 0) failed = nntc_refuse(o, "%s: %s", name, strerror(errno));
    if (!failed) {
        o->files[number].placed = true;
        fsync(folder);
    }
    close(folder);
    return failed;
}

/* Gives a new file the owner and the mode of the one that it replaces, where it may. */
static void take_mode(const nntc_output *o, uint32_t number, const char *part) {
    struct stat status;
    char name[NNTC_NAME];
    const char *last;
    nntc_name_of(o, number, name);
    int folder = nntc_enter(NULL, o->folder, name, &last), file = openat(o->staging, part, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (folder >= 0 && file >= 0 && fstatat(folder, last, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode)) {
        int owned = fchown(file, status.st_uid, status.st_gid);
        mode_t mode = status.st_mode & (owned == 0 ? 07777 : 0777);
        if (fchmod(file, mode) == 0) fsync(file);
    }
    if (file >= 0) close(file);
    if (folder >= 0) close(folder);
}

static int publish(nntc_output *o) {
    char part[NNTC_SHORT];
    if (nntc_check_places(o) != 0) return 1;
    for (uint32_t i = 0; i < o->count; i++) {
        nntc_staged(i, "part", part);
        if (o->files[i].replaces) take_mode(o, i, part);
    }
    if (o->count > 1 && write_journal(o) != 0) return 1;
    if (o->count > 1 && o->files[0].replaces) { /* the old model never stands beside new data */
        if (renameat(o->folder, o->base, o->staging, "0.old") != 0) return nntc_refuse(o, "%s: %s", o->base, strerror(errno));
        fsync(o->folder);
    }
    for (uint32_t i = o->count; i-- > 0;)
        if (place(o, i) != 0) return 1;
    return 0;
}

int nntc_publish(nntc_output *o) {
    if (nntc_lock_folder(o) != 0) return 1;
    int failed = publish(o);
    if (failed) nntc_take_back(o->folder, o->staging);
    nntc_unlock_folder(o);
    return failed;
}
