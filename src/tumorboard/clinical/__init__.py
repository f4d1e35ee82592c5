"""Clinical columns, AJCC staging and the published clinical scores."""
