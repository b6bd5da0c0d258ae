/* The smallest command: it only exits. No libc, whose start-up would be most of what is measured. */
void _start(void)
{
#if defined(__x86_64__)
	__asm__ volatile("mov $60, %eax\n\txor %edi, %edi\n\tsyscall");
#elif defined(__aarch64__)
	__asm__ volatile("mov x8, #93\n\tmov x0, #0\n\tsvc #0");
#elif defined(__riscv) && __riscv_xlen == 64
	__asm__ volatile("li a7, 93\n\tli a0, 0\n\tecall");
#else
#error "say here how this machine calls exit"
#endif
	for (;;)
		;
}
