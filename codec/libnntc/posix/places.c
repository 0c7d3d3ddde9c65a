/* Clause 10: places that output files may take, R-602 to. (R-606 concerns systems without POSIX.) */
#include "output.h"

bool nntc_is_below(const char *name) {
    for (const char *part = name;; part++) {
        size_t length = strcspn(part, "/");
        if (length == 0 || (part[0] == '.' && (length == 1 || (length == 2 && part[1] == '.')))) return false;
        part += length;
        if (*part == 0) return (size_t)(part - name) < NNTC_NAME;
    }
}

void nntc_name_of(const nntc_output *o, uint32_t number, char name[NNTC_NAME]) {
    nntc_file file = {0, 0, NULL, NULL, 0};
    if (nntc_get_file(o->handle, number, &file).id != NNTC_OK || file.name == NULL || file.name_length >= NNTC_NAME) {
        snprintf(name, NNTC_NAME, "%s", o->base);
        return;
    }
    memcpy(name, file.name, file.name_length);
    name[file.name_length] = 0;
}

static bool made_before(const nntc_text *made, const char *path) {
    for (size_t at = 0; at < made->size; at += strlen(made->data + at) + 1)
        if (strcmp(made->data + at, path) == 0) return true;
    return false;
}

/* Makes the directory path, whose last component is part, in folder; 0 if it may be used. */
static int make(nntc_output *o, int folder, const char *path, const char *part) {
    if (mkdirat(folder, part, 0777) == 0)
        return nntc_append(&o->made, path, strlen(path) + 1) ? 0 : nntc_refuse(o, "%s: %s", path, strerror(ENOMEM));
    if (errno != EEXIST) return nntc_refuse(o, "%s: %s", path, strerror(errno));
    if (o->replace || made_before(&o->made, path)) return 0;
    return nntc_refuse(o, "%s exists; files are put there only if told to", path); /* */
}

int nntc_enter(nntc_output *o, int folder, const char *name, const char **last) {
    char path[NNTC_NAME];
    const char *component = name, *slash;
    int at = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at < 0 && o != NULL) nntc_refuse(o, "%s: %s", name, strerror(errno));
    while (at >= 0 && (slash = strchr(component, '/')) != NULL) {
        memcpy(path, name, (size_t)(slash - name));
        path[slash - name] = 0;
        const char *part = path + (component - name);
        int next = -1;
        if (o == NULL || make(o, at, path, part) == 0) {
            next = openat(at, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (next < 0 && o != NULL) nntc_refuse(o, "%s: %s", path, strerror(errno));
        }
        close(at);
        at = next;
        component = slash + 1;
    }
    *last = component;
    return at;
}

static bool alone(const nntc_output *o) { /* whether the directory holds nothing but output file 0 */
    int copy = openat(o->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = copy < 0 ? NULL : fdopendir(copy);
    const struct dirent *entry;
    bool others = list == NULL;
    while (!others && (entry = readdir(list)) != NULL)
        others = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && strcmp(entry->d_name, o->base) != 0 &&
                 strcmp(entry->d_name, o->staging_name) != 0;
    if (list != NULL) closedir(list);
    else if (copy >= 0) close(copy);
    return !others;
}

/* The first component of a path with directories: it may not be there, unless told to. */
static int check_first(nntc_output *o, const char *name) {
    struct stat status;
    char first[NNTC_NAME];
    size_t length = strcspn(name, "/");
    if (name[length] == 0 || o->replace) return 0;
    memcpy(first, name, length);
    first[length] = 0;
    if (fstatat(o->folder, first, &status, AT_SYMLINK_NOFOLLOW) != 0) return 0;
    return nntc_refuse(o, "%s exists; files are put there only if told to", first);
}

static int check(nntc_output *o, uint32_t number, bool quiet) {
    struct stat status;
    char name[NNTC_NAME];
    const char *last;
    nntc_name_of(o, number, name);
    if (number > 0 && strcmp(name, o->base) == 0) return nntc_refuse(o, "%s is also the name of output file 0", name); /* */
    if (number > 0 && !quiet && (name[0] == '.' || strstr(name, "/.") != NULL))
        return nntc_refuse(o, "%s would be hidden among other files", name); /* */
    if (number > 0 && check_first(o, name) != 0) return 1;
    int folder = nntc_enter(NULL, o->folder, name, &last);
    if (folder < 0) return errno == ENOENT ? 0 : nntc_refuse(o, "%s: %s", name, strerror(errno)); /* */
    bool there = fstatat(folder, last, &status, AT_SYMLINK_NOFOLLOW) == 0;
    int problem = there || errno == ENOENT ? 0 : errno;
    close(folder);
    if (problem != 0) return nntc_refuse(o, "%s: %s", name, strerror(problem));
    if (!there) return 0;
    o->files[number].replaces = true;
    if (number > 0 && !o->replace) return nntc_refuse(o, "%s exists; it is replaced only if told to", name); /* */
    if (S_ISDIR(status.st_mode)) return nntc_refuse(o, "%s: %s", name, strerror(EISDIR));
    if (!S_ISREG(status.st_mode)) return nntc_refuse(o, "%s is no regular file", name); /* */
    if (S_ISREG(status.st_mode) && (status.st_mode & 0222) == 0) return nntc_refuse(o, "%s is read-only", name);
    return 0;
}

int nntc_check_places(nntc_output *o) {
    bool quiet = o->replace || alone(o);
    for (uint32_t i = 0; i < o->count; i++)
        if (check(o, i, quiet) != 0) return 1;
    return 0;
}
