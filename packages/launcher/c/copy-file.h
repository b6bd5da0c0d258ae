/* Copies of single entries that somebody hostile wrote, and the marks that overlays of ours leave on them. */
#ifndef CAISSON_COPY_FILE_H
#define CAISSON_COPY_FILE_H

#include <sys/stat.h>
#include <sys/types.h>

/* How copies are made, until this process ends. */
struct copy_rules {
	/*
	 * The copy is to be a container's root, as it would see the original: marks of overlays are left out; what cannot be
	 * read is there, empty, mode 0; what belongs to nobody here is the owner's below, and sets no id; devices and
	 * attributes that cannot be made are left out, as an overlay would do when it copies them up.
	 */
	int as_root;
	uid_t uid;
	gid_t gid;
	int apart;	/* 1: data is never shared with the original */
	int unmarked;	/* 1: what looks like a mark of overlays is none, and left out */
	int served;	/* 1: the original is what fuse-overlayfs wrote, whose marks become those of overlays: served-marks.h */
};

extern struct copy_rules copy_rules;

/* Attributes of a file or directory. 0 or -errno. */
int copy_attrs(int from, int to);

/* Owner, and what of a mode may be kept with it. 0 or -errno. */
int copy_owner(int to, const struct stat *st, mode_t *mode);

/* A regular file, or, of a closed one, an empty one of mode 0; anything else: links, devices (whiteouts are such), FIFOs, which are never opened. 0 or -errno. */
int copy_file(int dir, int to_dir, const char *name, const struct stat *st, int closed);
int copy_special(int dir, int to_dir, const char *name, const struct stat *st);

/* The mark that our overlays go by; where it is the other one, a container may set this one as it likes. */
const char *overlay_mark(void);

/* Whether an attribute says something to overlays of ours. */
int is_overlay_mark(const char *name);

/* Directories as overlays of ours have them: whether one hides what lies below it. */
int is_opaque(int dir);
int is_whiteout(const struct stat *st);

#endif
