"""What a person sees in the browser: Link, the accounting software's consent page, and the owner's desk."""
