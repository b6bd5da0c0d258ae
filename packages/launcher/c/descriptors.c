#include "descriptors.h"

#include "sys.h"

void keep_only(const int *keep, size_t n)
{
	unsigned int from = 3;

	for (;;) {
		int next = -1;

		for (size_t i = 0; i < n; i++)
			if (keep[i] >= (int)from && (next < 0 || keep[i] < next))
				next = keep[i];
		if (next < 0)
			break;
		if ((unsigned int)next > from)
			sys_close_range(from, (unsigned int)next - 1);
		from = (unsigned int)next + 1;
	}
	sys_close_range(from, ~0U);
}
