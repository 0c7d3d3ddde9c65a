/* Clause 10: staging folder of a run, R-601 and R-607. It stands beside output file 0; only its owner may enter it. A run
 * holds a lock on it: one that nobody holds was left by a run that was killed, and the next run settles it. The first part
 * of its name tells which target is being written. The other decoders of this project read the same names and journal. */
#include "output.h"

#include <time.h>

static const char prefix[] = ".nntc-";
enum { PATIENCE = 3000, LOOK = 10000000 }; /* tries to have a lock, and nanoseconds between two */

void nntc_staged(uint32_t number, const char *kind, char name[NNTC_SHORT]) {
    snprintf(name, NNTC_SHORT, "%lu.%s", (unsigned long)number, kind);
}

int nntc_write_whole(int descriptor, const char *data, size_t size) {
    while (size > 0) {
        ssize_t done = write(descriptor, data, size < (1u << 30) ? size : (1u << 30));
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return 1;
        data += done;
        size -= (size_t)done;
    }
    return 0;
}

bool nntc_append(nntc_text *text, const void *data, size_t size) {
    if (text->size + size > text->room) {
        size_t room = 2 * (text->size + size);
        char *larger = realloc(text->data, room);
        if (larger == NULL) return false;
        text->data = larger;
        text->room = room;
    }
    memcpy(text->data + text->size, data, size);
    text->size += size;
    return true;
}

static bool read_journal(int staging, nntc_text *text) {
    char chunk[4096];
    ssize_t got = -1;
    int from = openat(staging, "journal", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (from < 0) return false;
    while (text->size < (size_t)1 << 28 && (got = read(from, chunk, sizeof chunk)) > 0)
        if (!nntc_append(text, chunk, (size_t)got)) break;
    close(from);
    return got == 0 && text->size >= 2 && memcmp(text->data + text->size - 2, ".", 2) == 0 &&
           (text->size == 2 || text->data[text->size - 3] == 0);
}

/* A record of the journal: "f INODE REPLACES NAME" or "d NAME", ended by 0. The last is ".". */
typedef struct entry {
    const char *name;
    unsigned long long inode;
    bool file, replaces;
} entry;

static bool parse(const char *record, bool first, entry *e) {
    char *end;
    memset(e, 0, sizeof *e);
    e->file = record[0] == 'f';
    if ((record[0] != 'f' && record[0] != 'd') || record[1] != ' ') return false;
    e->name = record + 2;
    if (e->file) {
        e->inode = strtoull(record + 2, &end, 10);
        if (end[0] != ' ' || (end[1] != '0' && end[1] != '1') || end[2] != ' ') return false;
        e->replaces = end[1] == '1';
        e->name = end + 3;
    }
    return nntc_is_below(e->name) && (!first || (e->file && strchr(e->name, '/') == NULL));
}

static void take_back(int folder, int staging, uint32_t number, const entry *e) {
    char kept[NNTC_SHORT], part[NNTC_SHORT];
    struct stat status;
    const char *last;
    int place = nntc_enter(NULL, folder, e->name, &last);
    nntc_staged(number, "old", kept);
    nntc_staged(number, "part", part);
    if (place < 0) return;
    if (fstatat(staging, kept, &status, AT_SYMLINK_NOFOLLOW) == 0) renameat(staging, kept, place, last);
    else if (!e->replaces && fstatat(staging, part, &status, AT_SYMLINK_NOFOLLOW) != 0 &&
             fstatat(place, last, &status, AT_SYMLINK_NOFOLLOW) == 0 && (unsigned long long)status.st_ino == e->inode)
        unlinkat(place, last, 0);
    close(place);
}

static void take_all_back(int folder, int staging, const nntc_text *journal) {
    const char *end = journal->data + journal->size - 2;
    uint32_t files = 0, i = 0;
    entry e;
    for (const char *p = journal->data; p < end; p += strlen(p) + 1) {
        if (!parse(p, files == 0, &e)) return;
        files += e.file;
    }
    const char *p = end;
    for (int folders = 0; folders < 2; folders++) /* the last first; files, then directories */
        for (p = end, i = files; p > journal->data;) {
            for (p--; p > journal->data && p[-1] != 0;) p--;
            parse(p, false, &e);
            if (e.file && --i < files && !folders) take_back(folder, staging, i, &e);
            if (!e.file && folders) {
                const char *last;
                int place = nntc_enter(NULL, folder, e.name, &last);
                if (place < 0) continue;
                unlinkat(place, last, AT_REMOVEDIR); /* stays if somebody else has put something there */
                close(place);
            }
        }
    fsync(folder);
}

static DIR *list(int folder) {
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *names = copy < 0 ? NULL : fdopendir(copy);
    if (names == NULL && copy >= 0) close(copy);
    return names;
}

void nntc_take_back(int folder, int staging) {
    nntc_text journal = {NULL, 0, 0};
    struct stat status;
    if (read_journal(staging, &journal) && fstatat(staging, "0.part", &status, AT_SYMLINK_NOFOLLOW) == 0) {
        take_all_back(folder, staging, &journal);
        unlinkat(staging, "journal", 0); /* nothing of it is to be done once more */
    }
    free(journal.data);
}

void nntc_settle(int folder, int staging, const char *name) {
    const struct dirent *found;
    nntc_take_back(folder, staging);
    DIR *names = list(staging);
    if (names == NULL) return;
    while ((found = readdir(names)) != NULL)
        if (strcmp(found->d_name, ".") != 0 && strcmp(found->d_name, "..") != 0) unlinkat(staging, found->d_name, 0);
    closedir(names);
    unlinkat(folder, name, AT_REMOVEDIR);
}

/* The staging folder of this name, locked: a descriptor, or -1 if another run has it (*held), or it has gone. */
static int lock(int folder, const char *name, bool *held) {
    struct stat here, there;
    int staging = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    *held = false;
    if (staging < 0) return -1;
    if (flock(staging, LOCK_EX | LOCK_NB) != 0) *held = errno == EWOULDBLOCK;
    else if (fstat(staging, &here) == 0 && fstatat(folder, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && here.st_ino == there.st_ino)
        return staging;
    close(staging);
    return -1;
}

/* Settles what killed runs have left; returns whether one that begins with claim is at work. */
static bool settle_dead(int folder, const char *claim) {
    DIR *names = list(folder);
    const struct dirent *found;
    struct stat status;
    bool busy = false, held;
    while (names != NULL && (found = readdir(names)) != NULL) {
        if (strncmp(found->d_name, prefix, sizeof prefix - 1) != 0) continue;
        if (fstatat(folder, found->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(status.st_mode)) continue;
        if (status.st_uid != geteuid() || (status.st_mode & 077) != 0) continue; /* not ours */
        int staging = lock(folder, found->d_name, &held);
        if (staging < 0) {
            busy = busy || (held && strncmp(found->d_name, claim, strlen(claim)) == 0);
            continue;
        }
        nntc_settle(folder, staging, found->d_name);
        close(staging);
    }
    if (names != NULL) closedir(names);
    return busy;
}

int nntc_lock_folder(nntc_output *o) {
    static const int none[] = {ENOSYS, EOPNOTSUPP, ENOTSUP, ENOLCK, EINVAL, EBADF}; /* a file system without locks */
    const struct timespec look = {0, LOOK};
    for (int tries = 0; flock(o->folder, LOCK_EX | LOCK_NB) != 0; tries++) {
        for (size_t i = 0; i < sizeof none / sizeof *none; i++)
            if (errno == none[i]) return 0;
        if (errno != EWOULDBLOCK) return nntc_refuse(o, "%s: %s", o->base, strerror(errno));
        if (tries == PATIENCE) return nntc_refuse(o, "%s: another program has its folder locked", o->base);
        nanosleep(&look, NULL);
    }
    return 0;
}

void nntc_unlock_folder(nntc_output *o) { flock(o->folder, LOCK_UN); }

static int stage(nntc_output *o) {
    char claim[NNTC_SHORT];
    unsigned long hash = 2166136261ul; /* FNV-1a */
    bool held;
    for (const char *p = o->base; *p != 0; p++) hash = ((hash ^ (unsigned char)*p) * 16777619ul) & 0xfffffffful;
    snprintf(claim, sizeof claim, "%s%08lx-", prefix, hash);
    if (settle_dead(o->folder, claim)) return nntc_refuse(o, "another run is writing %s", o->base);
    for (int tries = 0; tries < 100; tries++) {
        unsigned char noise[8] = {0};
        int source = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
        if (source < 0 || read(source, noise, sizeof noise) < 0) noise[0] = (unsigned char)tries;
        if (source >= 0) close(source);
        int at = snprintf(o->staging_name, NNTC_SHORT, "%s", claim);
        for (int i = 0; i < 8; i++) at += snprintf(o->staging_name + at, 3, "%02x", noise[i]);
        if (mkdirat(o->folder, o->staging_name, 0700) != 0) {
            if (errno == EEXIST) continue;
            return nntc_refuse(o, "%s: %s", o->base, strerror(errno));
        }
        o->staging = lock(o->folder, o->staging_name, &held);
        if (o->staging >= 0) return 0;
        unlinkat(o->folder, o->staging_name, AT_REMOVEDIR);
    }
    return nntc_refuse(o, "%s: %s", o->base, "no temporary folder");
}

int nntc_stage(nntc_output *o) {
    if (nntc_lock_folder(o) != 0) return 1;
    int failed = stage(o);
    nntc_unlock_folder(o);
    return failed;
}
