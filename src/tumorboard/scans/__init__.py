"""From a study's series to three planes through the tumour's largest diameter."""
