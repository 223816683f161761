#include "base/sandbox.h"

#include "base/cleanup.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- system calls ---- */

/* By name, since the headers that this is built with need not know them all. What the library does not know
   either, the processor has not, or the kernel has not, nobody can call by that name. */
static const char *const denied[] = {
    /* other programs, and other processes */
    "execve",
    "execveat",
    "fork",
    "vfork",
    "kcmp",
    "pidfd_getfd",
    "process_madvise",
    "process_vm_readv",
    "process_vm_writev",
    "ptrace",
    /* other namespaces, and file systems */
    "chroot",
    "fsconfig",
    "fsmount",
    "fsopen",
    "fspick",
    "mount",
    "mount_setattr",
    "move_mount",
    "open_by_handle_at",
    "open_tree",
    "open_tree_attr",
    "pivot_root",
    "quotactl",
    "quotactl_fd",
    "setns",
    "swapoff",
    "swapon",
    "umount",
    "umount2",
    "unshare",
    /* the machine */
    "acct",
    "adjtimex",
    "clock_adjtime",
    "clock_settime",
    "delete_module",
    "finit_module",
    "init_module",
    "ioperm",
    "iopl",
    "kexec_file_load",
    "kexec_load",
    "modify_ldt",
    "reboot",
    "setdomainname",
    "sethostname",
    "settimeofday",
    "syslog",
    "vhangup",
    /* doors to the kernel */
    "add_key",
    "bpf",
    "io_uring_enter",
    "io_uring_register",
    "io_uring_setup",
    "keyctl",
    "lookup_dcookie",
    "perf_event_open",
    "personality",
    "request_key",
    "uselib",
    "userfaultfd",
    "vmsplice",
};

/* Only with such arguments. */
static const struct {
    const char *name;
    int number; /* errno */
    struct scmp_arg_cmp when;
} denied_when[] = {
    /* What makes no thread makes a process. On s390 the flags are another argument. */
    {"clone", EPERM, {0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0}},
    /* Memory that is run must not be written. */
    {"mmap", EPERM, {2, SCMP_CMP_MASKED_EQ, PROT_WRITE | PROT_EXEC, PROT_WRITE | PROT_EXEC}},
    {"mprotect", EPERM, {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC}},
    {"pkey_mprotect", EPERM, {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC}},
    {"shmat", EPERM, {2, SCMP_CMP_MASKED_EQ, SHM_EXEC, SHM_EXEC}},
    /* Typing on the terminal of whoever started us. */
    {"ioctl", EPERM, {1, SCMP_CMP_MASKED_EQ, UINT32_MAX, TIOCSTI}},
    /* Of local sockets, the internet and the kernel's list of addresses (netlink) the numbers are no greater.
     */
    {"socket", EAFNOSUPPORT, {0, SCMP_CMP_GT, AF_NETLINK, 0}},
};

/* Keeps the first failure. */
static void note(int *ret_number, int status)
{
    if (*ret_number == 0 && status < 0)
        *ret_number = -status;
}

static void deny(scmp_filter_ctx filter, const char *name, int number, const struct scmp_arg_cmp *when,
                 int *ret_number)
{
    int call = seccomp_syscall_resolve_name(name);

    if (call != __NR_SCMP_ERROR)
        note(ret_number,
             seccomp_rule_add_array(filter, SCMP_ACT_ERRNO((uint16_t)number), call, when ? 1 : 0, when));
}

static void deny_all(scmp_filter_ctx filter, int *ret_number)
{
    for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++)
        deny(filter, denied[i], EPERM, NULL, ret_number);
    for (size_t i = 0; i < sizeof(denied_when) / sizeof(denied_when[0]); i++)
        deny(filter, denied_when[i].name, denied_when[i].number, &denied_when[i].when, ret_number);
    /* Its flags are in memory, where a filter cannot see them. To the C library this is an older kernel, and
       it makes its threads with clone(). */
    deny(filter, "clone3", ENOSYS, NULL, ret_number);
}

/* libseccomp (2.5.4) reads from NULL where memory is lacking, and cannot be told what to allocate with. So
   what it needs is asked for before. */
static void must_have_memory(void)
{
    enum { LIBSECCOMP_NEEDS = 1 << 20 };

    free(memory_malloc(LIBSECCOMP_NEEDS));
}

/* 0, or an errno. */
static int limit_calls(void)
{
    enum { HAS_SECCOMP = 2 }; /* seccomp_api_get(3): the call of that name */
    scmp_filter_ctx filter = NULL;
    int number = 0;

    /* An older way would do, too. But valgrind knows that alone, and then would have to obey the filter
     * itself. */
    if (seccomp_api_get() < HAS_SECCOMP)
        return ENOSYS;
    must_have_memory();
    filter = seccomp_init(SCMP_ACT_ALLOW);
    if (!filter)
        return ENOMEM;
    /* Calls in the way of another processor, of which the numbers mean something else: nobody makes them. */
    note(&number, seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM)));
    note(&number, seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1)); /* the kernel's errno, as it is */
    note(&number,
         seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2)); /* a tree: it is asked for each call */
    deny_all(filter, &number);
    note(&number, seccomp_load(filter));
    seccomp_release(filter);
    return number;
}

/* ---- files ---- */

/* What later headers call so. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_SCOPE_SIGNAL
#define LANDLOCK_SCOPE_SIGNAL (1ULL << 1)
#endif

enum { ABI_OF_REFER = 2, ABI_OF_TRUNCATE = 3, ABI_OF_SCOPES = 6 };

/* struct landlock_ruleset_attr of Linux 6.12. An older kernel takes it where it ends with zeros. */
struct rules {
    uint64_t files, net, scopes;
};

/* Everything that the kernel knows, but the ioctl()s of devices: nobody opens any. */
static struct rules rules_of(long abi)
{
    struct rules rules = {.files = 2 * LANDLOCK_ACCESS_FS_MAKE_SYM - 1};

    if (abi >= ABI_OF_REFER)
        rules.files |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= ABI_OF_TRUNCATE)
        rules.files |= LANDLOCK_ACCESS_FS_TRUNCATE;
    if (abi >= ABI_OF_SCOPES)
        rules.scopes = LANDLOCK_SCOPE_SIGNAL;
    return rules;
}

static int make_rules(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    const struct rules rules = rules_of(abi);

    return abi < 0 ? -1 : (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
}

void sandbox_begin(struct sandbox *sandbox)
{
    int fd = make_rules();

    *sandbox = (struct sandbox){.files = fd, .files_refused = fd < 0 ? errno : 0};
}

void sandbox_let_read(struct sandbox *sandbox, const char *path)
{
    CLEANUP(closep) int fd = sandbox->files < 0 ? -1 : open(path, O_PATH | O_CLOEXEC);
    struct landlock_path_beneath_attr rule = {.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE,
                                              .parent_fd = fd};
    struct stat found;

    if (fd < 0 || fstat(fd, &found) < 0)
        return;
    if (S_ISDIR(found.st_mode))
        rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
    if (syscall(SYS_landlock_add_rule, sandbox->files, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
        note(&sandbox->files_refused, -errno);
}

/* Rather all files than not those that are needed. */
static void limit_files(struct sandbox *sandbox)
{
    if (sandbox->files_refused == 0 && syscall(SYS_landlock_restrict_self, sandbox->files, 0) < 0)
        sandbox->files_refused = errno;
    closep(&sandbox->files);
    sandbox->files = -1;
}

void sandbox_enter(struct sandbox *sandbox)
{
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    limit_files(sandbox);
    sandbox->calls_refused = limit_calls();
}
