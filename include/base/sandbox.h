#ifndef SYNC_BASE_SANDBOX_H
#define SYNC_BASE_SANDBOX_H

/*
 * What a process gives up for the rest of its life, so that whoever finds a way into it finds little to do
 * there:
 *
 * - new privileges, as from a set-user-id program (prctl(2), PR_SET_NO_NEW_PRIVS);
 * - system calls that it has no use for (seccomp(2)): starting programs and processes, looking into others,
 *   memory that is both written and run, everything that is for administrators, and doors to the kernel that
 *   have often stood open. They fail as they would for want of a permission. What is denied is a list, and
 *   what is allowed is all else. A list of what is allowed would be tighter, and would end a daemon that has
 *   run for years on the day when a new C library makes a call that nobody thought of;
 * - files (landlock(7)): it can write, make, remove, rename and execute none at all, and read only what it
 *   was given. What it has open stays as it is. Nor can it send signals to others, where the kernel knows
 *   that (Landlock's ABI 6).
 *
 * What the kernel does not know, or does not let us do (an old one, an emulator, a filter of others), stays
 * as it was: that is told, and no reason to end. All this is of the thread that calls, and of those that it
 * starts: so it has to come before the first thread.
 */
struct sandbox {
    int files;                        /* descriptor of the rules for files; -1: there are none */
    int calls_refused, files_refused; /* errno: why that is not in force; 0: it is, after sandbox_enter() */
};

void sandbox_begin(struct sandbox *sandbox);
/* The file, or the folder with all below it, will be readable. One that is missing is passed over. */
void sandbox_let_read(struct sandbox *sandbox, const char *path);
/* There is no way out, and no need of a deinit. */
void sandbox_enter(struct sandbox *sandbox);

#endif
