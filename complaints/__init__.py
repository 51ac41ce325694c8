"""What buyers complain of outside: to WeChat Pay, to Alipay, to 12315. Linked to the mall's own case, answered once."""
