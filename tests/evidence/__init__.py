"""What is known of real orgs, as facts: names, types, lengths, codes, shapes. `README.md` says where each is from."""
