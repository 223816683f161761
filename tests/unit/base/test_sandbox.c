/* What is given up remains so: each test looks around in a process of its own. */
#include "base/sandbox.h"
#include "support/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/io_uring.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* An old kernel or an emulator may know neither. Then there is nothing to see. */
enum { UNKNOWN = 77 };

static char folder[64]; /* what may be read of it is given/ and single */
static int parent;

/* ---- a place to look around in ---- */

static void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/sync-sandbox-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(mkdir("given", 0700), 0);
    assert_int_equal(mkdir("given/below", 0700), 0);
    assert_int_equal(mkdir("kept", 0700), 0);
    put("given/file", "given");
    put("given/below/file", "given");
    put("kept/file", "kept");
    put("single", "given");
    put("other", "kept");
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(chdir("/"), 0);
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

enum need { NEEDS_CALLS, NEEDS_FILES };

/* Any other refusal is a mistake of ours. */
static bool is_unknown(int number)
{
    return number == ENOSYS || number == EOPNOTSUPP || number == EINVAL;
}

/* The child says on standard error what was not as expected. */
static void look(bool (*sees)(void), enum need need)
{
    struct sandbox sandbox;
    int refused;

    parent = getppid();
    sandbox_begin(&sandbox);
    sandbox_let_read(&sandbox, "given");
    sandbox_let_read(&sandbox, "single");
    sandbox_let_read(&sandbox, "missing");
    sandbox_enter(&sandbox);
    refused = need == NEEDS_CALLS ? sandbox.calls_refused : sandbox.files_refused;
    if (refused)
        _exit(is_unknown(refused) ? UNKNOWN : refused);
    _exit(sees() ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void inside(bool (*sees)(void), enum need need)
{
    pid_t child = fork();
    int status = 0;

    assert_true(child >= 0);
    if (child == 0)
        look(sees, need);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == UNKNOWN)
        skip();
    assert_int_equal(WEXITSTATUS(status), EXIT_SUCCESS);
}

static bool fails_with(const char *what, long result, int number)
{
    int found = result == -1 ? errno : 0;

    if (found != number)
        (void)fprintf(stderr, "%s: %s, not %s\n", what, strerror(found), strerror(number));
    return found == number;
}

static bool works(const char *what, long result)
{
    return fails_with(what, result == -1 ? -1 : 0, 0);
}

/* ---- system calls ---- */

static bool sees_what_the_kernel_says(void)
{
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2;
}

static void test_it_is_in_force(void **state)
{
    (void)state;
    inside(sees_what_the_kernel_says, NEEDS_CALLS);
}

static bool sees_no_other_process(void)
{
    char word[] = "true", *const words[] = {word, NULL};
    struct iovec own = {folder, sizeof(folder)}, copy = {(char[64]){0}, 64};

    return fails_with("fork", fork(), EPERM) &&
           fails_with("clone", syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0), EPERM) &&
           fails_with("clone3", syscall(SYS_clone3, NULL, 0), ENOSYS) &&
           fails_with("execve", execv("/bin/true", words), EPERM) &&
           fails_with("execveat", syscall(SYS_execveat, AT_FDCWD, "/bin/true", words, environ, 0), EPERM) &&
           fails_with("ptrace", ptrace(PTRACE_TRACEME, 0, 0, 0), EPERM) &&
           fails_with("process_vm_readv", process_vm_readv(getpid(), &copy, 1, &own, 1, 0), EPERM) &&
           fails_with("process_vm_writev", process_vm_writev(getpid(), &copy, 1, &own, 1, 0), EPERM);
}

static void test_it_starts_no_process_and_looks_into_none(void **state)
{
    (void)state;
    inside(sees_no_other_process, NEEDS_CALLS);
}

static void *count(void *context)
{
    ++*(int *)context;
    return NULL;
}

static bool sees_a_thread(void)
{
    pthread_t thread;
    int counted = 0;

    if (pthread_create(&thread, NULL, count, &counted) != 0 || pthread_join(thread, NULL) != 0)
        return fails_with("pthread_create", -1, 0);
    return counted == 1;
}

static void test_it_starts_threads(void **state)
{
    (void)state;
    inside(sees_a_thread, NEEDS_CALLS);
}

/* As root each of these would work, or complain of what it was given. */
static bool sees_no_administration(void)
{
    struct io_uring_params ring = {0};

    return fails_with("unshare", unshare(CLONE_NEWUSER), EPERM) && fails_with("setns", setns(-1, 0), EPERM) &&
           fails_with("chroot", chroot("/"), EPERM) &&
           fails_with("mount", syscall(SYS_mount, NULL, NULL, NULL, 0, NULL), EPERM) &&
           fails_with("umount", syscall(SYS_umount2, "/missing", 0), EPERM) &&
           fails_with("bpf", syscall(SYS_bpf, 0, NULL, 0), EPERM) &&
           fails_with("keyctl", syscall(SYS_keyctl, 0, -3, 0), EPERM) &&
           fails_with("add_key", syscall(SYS_add_key, NULL, NULL, NULL, 0, 0), EPERM) &&
           fails_with("init_module", syscall(SYS_init_module, NULL, 0, ""), EPERM) &&
           fails_with("kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0), EPERM) &&
           fails_with("reboot", syscall(SYS_reboot, 0, 0, 0, NULL), EPERM) &&
           fails_with("perf_event_open", syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0), EPERM) &&
           fails_with("userfaultfd", syscall(SYS_userfaultfd, -1), EPERM) &&
           fails_with("io_uring_setup", syscall(SYS_io_uring_setup, 1, &ring), EPERM) &&
           fails_with("TIOCSTI", ioctl(-1, TIOCSTI, "x"), EPERM);
}

static void test_it_is_no_administrator(void **state)
{
    (void)state;
    inside(sees_no_administration, NEEDS_CALLS);
}

static bool sees_no_code_of_its_own(void)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *both = mmap(NULL, size, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *written;

    if (!fails_with("mmap", both == MAP_FAILED ? -1 : 0, EPERM))
        return false;
    written = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return works("mmap", written == MAP_FAILED ? -1 : 0) &&
           fails_with("mprotect", mprotect(written, size, PROT_READ | PROT_EXEC), EPERM) &&
           works("mprotect", mprotect(written, size, PROT_READ)) &&
           fails_with("shmat", (long)shmat(-1, NULL, SHM_EXEC), EPERM);
}

static void test_it_runs_nothing_that_it_wrote(void **state)
{
    (void)state;
    inside(sees_no_code_of_its_own, NEEDS_CALLS);
}

static bool sees_its_sockets(void)
{
    static const int families[] = {AF_UNIX, AF_INET, AF_NETLINK};

    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
        if (!works("socket", socket(families[i], SOCK_DGRAM | SOCK_CLOEXEC, 0)))
            return false;
    return fails_with("AF_PACKET", socket(AF_PACKET, SOCK_DGRAM, 0), EAFNOSUPPORT) &&
           fails_with("AF_ALG", socket(AF_ALG, SOCK_SEQPACKET, 0), EAFNOSUPPORT) &&
           fails_with("AF_VSOCK", socket(AF_VSOCK, SOCK_STREAM, 0), EAFNOSUPPORT);
}

static void test_it_has_sockets_of_the_usual_kinds(void **state)
{
    (void)state;
    inside(sees_its_sockets, NEEDS_CALLS);
}

/* ---- files ---- */

static bool sees_what_it_was_given(void)
{
    return works("a file", open("given/file", O_RDONLY)) &&
           works("one below", open("given/below/file", O_RDONLY)) &&
           works("the folder", open("given", O_RDONLY | O_DIRECTORY)) &&
           works("a single one", open("single", O_RDONLY)) &&
           fails_with("another folder", open("kept", O_RDONLY | O_DIRECTORY), EACCES) &&
           fails_with("a file of another", open("given/../kept/file", O_RDONLY), EACCES) &&
           fails_with("a single one's neighbour", open("other", O_RDONLY), EACCES);
}

static void test_it_reads_what_it_was_given(void **state)
{
    (void)state;
    inside(sees_what_it_was_given, NEEDS_FILES);
}

/* Others go on as before: what they put in the place of a file is seen. */
static void test_it_reads_what_is_put_in_the_place_of_a_file(void **state)
{
    int go[2];
    pid_t child;
    int status = 0;
    char byte = 0;

    (void)state;
    assert_int_equal(pipe(go), 0);
    child = fork();
    if (child == 0) {
        struct sandbox sandbox;
        char text[8] = "";
        int fd;

        sandbox_begin(&sandbox);
        sandbox_let_read(&sandbox, "given");
        sandbox_enter(&sandbox);
        if (read(go[0], &byte, 1) != 1)
            _exit(EXIT_FAILURE);
        fd = open("given/file", O_RDONLY);
        _exit(fd >= 0 && read(fd, text, sizeof(text) - 1) == 3 && strcmp(text, "new") == 0 ? 0 : 1);
    }
    put("given/new", "new");
    assert_int_equal(rename("given/new", "given/file"), 0);
    assert_int_equal(write(go[1], &byte, 1), 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    (void)close(go[0]);
    (void)close(go[1]);
}

static bool sees_nothing_to_write(void)
{
    return fails_with("write", open("given/file", O_WRONLY), EACCES) &&
           fails_with("append", open("given/file", O_WRONLY | O_APPEND), EACCES) &&
           fails_with("make", open("given/made", O_WRONLY | O_CREAT, 0600), EACCES) &&
           fails_with("make elsewhere", open("/tmp/sync-sandbox-made", O_WRONLY | O_CREAT, 0600), EACCES) &&
           fails_with("remove", unlink("given/file"), EACCES) &&
           fails_with("rename", rename("given/file", "given/renamed"), EACCES) &&
           fails_with("link", link("given/file", "given/linked"), EACCES) &&
           fails_with("symlink", symlink("file", "given/linked"), EACCES) &&
           fails_with("mkdir", mkdir("given/made", 0700), EACCES) &&
           fails_with("rmdir", rmdir("given/below"), EACCES) &&
           fails_with("mkfifo", mkfifo("given/made", 0600), EACCES);
}

static void test_it_writes_makes_and_removes_none(void **state)
{
    (void)state;
    inside(sees_nothing_to_write, NEEDS_FILES);
}

static long abi(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

static bool sees_no_way_to_truncate(void)
{
    return abi() < 3 || fails_with("truncate", truncate("given/file", 0), EACCES);
}

static bool sees_nobody_to_signal(void)
{
    return works("itself", kill(getpid(), 0)) &&
           (abi() < 6 || fails_with("its parent", kill(parent, 0), EPERM));
}

static void test_it_does_what_newer_kernels_can_do(void **state)
{
    (void)state;
    inside(sees_no_way_to_truncate, NEEDS_FILES);
    inside(sees_nobody_to_signal, NEEDS_FILES);
}

/* A descriptor that is open remains what it is: the log goes on. */
static int before = -1;

static bool sees_what_is_open(void)
{
    return works("write", write(before, "more", 4));
}

static void test_what_is_open_stays_so(void **state)
{
    (void)state;
    before = open("kept/file", O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_true(before >= 0);
    inside(sees_what_is_open, NEEDS_FILES);
    (void)close(before);
}

/* ---- what cannot be had ---- */

/* As under a filter of others, which refuses it. */
static void test_it_goes_on_without(void **state)
{
    pid_t child = fork();
    int status = 0;

    (void)state;
    if (child == 0) {
        struct sandbox sandbox = {.files = -1, .files_refused = ENOSYS};

        sandbox_let_read(&sandbox, "given");
        sandbox_enter(&sandbox);
        if (sandbox.files_refused != ENOSYS || open("other", O_WRONLY) < 0)
            _exit(EXIT_FAILURE);
        _exit(EXIT_SUCCESS);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* No descriptor of the rules is left behind. */
static bool sees_no_descriptor_left(void)
{
    int fd = dup(STDERR_FILENO);

    return works("dup", fd) && fd == before;
}

static void test_no_descriptor_is_left(void **state)
{
    (void)state;
    before = dup(STDERR_FILENO);
    (void)close(before);
    inside(sees_no_descriptor_left, NEEDS_CALLS);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_it_is_in_force),
        TEST(test_it_starts_no_process_and_looks_into_none),
        TEST(test_it_starts_threads),
        TEST(test_it_is_no_administrator),
        TEST(test_it_runs_nothing_that_it_wrote),
        TEST(test_it_has_sockets_of_the_usual_kinds),
        TEST(test_it_reads_what_it_was_given),
        TEST(test_it_reads_what_is_put_in_the_place_of_a_file),
        TEST(test_it_writes_makes_and_removes_none),
        TEST(test_it_does_what_newer_kernels_can_do),
        TEST(test_what_is_open_stays_so),
        TEST(test_it_goes_on_without),
        TEST(test_no_descriptor_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
