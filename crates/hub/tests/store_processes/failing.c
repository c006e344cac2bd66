/* Runs a program in which one call of the system fails with EIO, as on a disk that dies: `failing write|fsync|rename program ...`.
   Of writes only large ones fail, so that the program can speak and its event loop can ring its bell. */

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NUMBER BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define FAILS(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1), FAIL
#define FAIL BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EIO)
#define PASS BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define LENGTH BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2]))

static struct sock_filter writes[] = {
    NUMBER, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 3), LENGTH,
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 50000, 0, 1), FAIL, PASS,
};
static struct sock_filter syncs[] = { NUMBER, FAILS(SYS_fsync), FAILS(SYS_fdatasync), PASS };
static struct sock_filter renames[] = {
    NUMBER,
#ifdef SYS_rename
    FAILS(SYS_rename),
#endif
    FAILS(SYS_renameat), FAILS(SYS_renameat2), PASS,
};

int main(int count, char **words) {
    struct sock_fprog program = { 0, 0 };
    if (count < 3) return 64;
    if (!strcmp(words[1], "write")) program = (struct sock_fprog){ sizeof writes / sizeof *writes, writes };
    if (!strcmp(words[1], "fsync")) program = (struct sock_fprog){ sizeof syncs / sizeof *syncs, syncs };
    if (!strcmp(words[1], "rename")) program = (struct sock_fprog){ sizeof renames / sizeof *renames, renames };
    if (!program.len) return 64;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) return 65;
    execv(words[2], words + 2);
    return 66;
}
