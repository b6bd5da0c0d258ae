/*
 * Pid 1 of the test machine: builds a throw-away root over the host's files, runs one command, carries its output to the
 * host, writes its exit code, and switches the machine off. One static program that needs no tool in there.
 */
#ifndef CAISSON_TEST_GUEST_H
#define CAISSON_TEST_GUEST_H

/* Where the new root is put together. */
#define ROOT "/mnt/root"

/* Says it on the kernel's log, which the host shows, and switches the machine off: there is no result then. */
_Noreturn void guest_fail(const char *what);
_Noreturn void guest_off(void);

/* A whole file as text, or NULL. */
char *file_read(const char *path);
/* Writes an existing file, such as the kernel's. 0 or -1 and errno. */
int file_put(const char *path, const char *text);
/* A directory and its parents. */
void make_dirs(const char *path, unsigned int mode);

/* Lines key=value that the host wrote. The nth value of a key (from 0), or NULL. */
void settings_read(const char *path);
const char *setting(const char *key, int nth);

/* Loads a module by name with what it needs. 0 or -1. */
int module_load(const char *name);
/* As the kernel calls modprobe: by alias. An exit code. */
int module_load_alias(const char *alias);

/* Leaves the kernel's own root, which is the host's files, for one of our own over it. */
void root_enter(const char *work);

/* Runs the command of `work`; its exit code, 128 and its signal. Its output has gone to the host then. */
int command_run(const char *work);

#endif
