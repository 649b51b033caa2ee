"""The public calls: each checks what it is asked, and hands a problem on."""
